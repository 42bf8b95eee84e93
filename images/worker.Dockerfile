# A worker: Node and the agent, nothing else. `npm run cluster:images` makes the directory to build it in.
ARG NODE_IMAGE=node:24-slim
FROM ${NODE_IMAGE} AS warm
COPY node_modules/ /node_modules/
COPY agent/ /opt/dialback/agent/
COPY warm-up.mjs /
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/dialback/compile-cache
RUN mkdir /opt/dialback/compile-cache && chown 1000:1000 /opt/dialback/compile-cache
# Node keeps what V8 compiled for each user apart.
USER 1000:1000
RUN NODE_DISABLE_COMPILE_CACHE=1 node /warm-up.mjs

FROM ${NODE_IMAGE}
COPY agent/ /opt/dialback/agent/
COPY --from=warm --chown=1000:1000 /opt/dialback/compile-cache/ /opt/dialback/compile-cache/
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/dialback/compile-cache
USER 1000:1000
WORKDIR /home/node
CMD ["node", "/opt/dialback/agent/main.js"]
