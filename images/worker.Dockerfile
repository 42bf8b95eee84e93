# A worker: Node and the agent in one bundle, nothing else. `npm run cluster:images` makes the directory to build it in.
ARG NODE_IMAGE=node:24-slim
FROM ${NODE_IMAGE}
COPY agent/ /opt/dialback/agent/
ENV NODE_ENV=production
WORKDIR /home/node
USER 1000:1000
CMD ["node", "/opt/dialback/agent/main.js"]
