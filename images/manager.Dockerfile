# A manager: Node, @dialback/manager for scripts wherever they are, the command dialback, and the agent, so that its
# workers can run from the same image. `npm run cluster:images` makes the directory to build it in.
#   FROM localhost/dialback-manager:0.1.0
#   COPY . /app
#   CMD ["node", "main.ts"]
ARG NODE_IMAGE=node:24-slim
FROM ${NODE_IMAGE}
# Node looks for packages up to the root.
COPY node_modules/ /node_modules/
COPY agent/ /opt/dialback/agent/
COPY dialback /usr/local/bin/dialback
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/dialback/compile-cache
# What V8 makes of the agent stays in the image: with no manager to dial each of these ends at once. Node keeps it for each
# user apart.
RUN mkdir /opt/dialback/compile-cache && chown 1000:1000 /opt/dialback/compile-cache
USER 1000:1000
RUN for entry in main thread relay; do node /opt/dialback/agent/$entry.js </dev/null >/dev/null 2>&1 || true; done
WORKDIR /app
CMD ["node"]
