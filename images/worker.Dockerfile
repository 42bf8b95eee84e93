# A worker: Node and the agent in one bundle, nothing else. `npm run cluster:images` makes the directory to build it in.
ARG NODE_IMAGE=node:24-slim
FROM ${NODE_IMAGE}
COPY agent/ /opt/dialback/agent/
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/dialback/compile-cache
# What V8 makes of the agent stays in the image: with no manager to dial each of these ends at once. Node keeps it for each
# user apart.
RUN mkdir /opt/dialback/compile-cache && chown 1000:1000 /opt/dialback/compile-cache
USER 1000:1000
RUN for entry in main thread relay; do node /opt/dialback/agent/$entry.js </dev/null >/dev/null 2>&1 || true; done
WORKDIR /home/node
CMD ["node", "/opt/dialback/agent/main.js"]
