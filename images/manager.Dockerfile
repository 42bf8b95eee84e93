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
COPY warm-up.mjs /
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/dialback/compile-cache
RUN mkdir /opt/dialback/compile-cache && chown 1000:1000 /opt/dialback/compile-cache
USER 1000:1000
# What V8 compiled of the agent and of the manager stays in the image. Node keeps it for each user apart.
RUN node /warm-up.mjs
WORKDIR /app
CMD ["node"]
