# The example backend cf-d1. Build context: examples/backends.

FROM node:24-trixie-slim
WORKDIR /app/cf-d1
COPY cf-d1/package.json cf-d1/package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force && install -d -o 10001 -g 10001 /data
COPY shared/ /app/shared/
COPY cf-d1/ ./
ENV HOST=0.0.0.0 PORT=8787 DATABASE=/data HOME=/tmp
VOLUME /data
USER 10001:10001
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Not `npm start`: this way Node.js is the first process and gets the signals.
CMD ["node", "start.mjs"]
