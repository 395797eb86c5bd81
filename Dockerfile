# Build: docker build -t camel-rest-cache .
# Run:   docker run -p 3000:3000 -e REDIS_URL=redis://… -e GITHUB_API_TOKEN camel-rest-cache
# All settings are environment variables: docs/configuration.md. To cache other endpoints and views, mount your
# endpoints.camel.yaml and views.camel.yaml over those in /app/routes. The management port is reachable only from within
# the container unless MANAGEMENT_HOST is set.

FROM eclipse-temurin:17-jdk-noble AS build
WORKDIR /build
# without sources: downloads plugins and dependencies into a layer that is valid until pom.xml changes
COPY .mvn .mvn
COPY mvnw pom.xml ./
RUN ./mvnw -q -B package -DskipTests -Dmaven.antrun.skip -Dspotless.check.skip
COPY . .
RUN ./mvnw -q -B package -DskipTests -Dmaven.antrun.skip -Dspotless.check.skip

# the class data archive is valid for this JVM and for jars at the same paths only
FROM eclipse-temurin:17-jre-noble AS app
WORKDIR /app
COPY --from=build /build/target /build/target
# the image has no embedded Redis: REDIS_URL is required
RUN cp -p /build/target/camel-rest-cache.jar . && mkdir lib && cp -p /build/target/lib/*.jar lib && rm lib/embedded-redis-*.jar
COPY --from=build /build/src/main/launcher/camel-rest-cache .
# as files, so that one of them can be replaced by a mount
COPY --from=build /build/routes/*.yaml routes/
RUN java -cp '/build/target/test-classes:/build/target/lib/*' io.github.camelrestcache.standin.Archive .

FROM eclipse-temurin:17-jre-noble
RUN useradd --system --uid 10001 --home-dir /app --no-create-home --shell /usr/sbin/nologin app
WORKDIR /app
COPY --from=app /app .
USER 10001
ENV PORT=3000
EXPOSE 3000
# liveness: a restart helps neither while GitHub or Redis is down nor before everything is stored
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD curl -fsS -o /dev/null "http://${MANAGEMENT_HOST:-127.0.0.1}:${MANAGEMENT_PORT:-9000}/observe/health/live"
# further JVM flags may follow: docker run … camel-rest-cache -Xmx300m
ENTRYPOINT ["./camel-rest-cache"]
