# syntax=docker/dockerfile:1

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json nest-cli.json ./
COPY src src
COPY static static
COPY views views
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:26-slim
# The MALLOC settings keep the memory small: see becomeServer in src/launch.ts.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_FOLDER=/app/data
WORKDIR /app
# What is read at run time: the code, its packages, the templates, the files for browsers, the migrations, the words.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/static static
COPY package.json ./
COPY views views
COPY migrations migrations
COPY locales locales
# The only folder that is written to: the embedded database, its session secret, and uploads that wait.
RUN mkdir data && chown node:node data
VOLUME /app/data
USER node
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=30", "dist/main.js"]
