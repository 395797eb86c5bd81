# Build: docker build -t camel-rest-cache .
# Run:   docker run -p 3000:3000 -e REDIS_URL=redis://… -e GITHUB_API_TOKEN camel-rest-cache
# All settings are environment variables, as application.properties lists them. To keep other endpoints and views, mount
# a checkout's routes/ and kamelets/ at /app/routes and /app/kamelets. What is on the management port is for the
# container alone, unless MANAGEMENT_HOST says otherwise.

FROM eclipse-temurin:17-jdk-noble AS build
WORKDIR /build
# without sources: downloads plugins and dependencies into a layer that is valid until pom.xml changes
COPY .mvn .mvn
COPY mvnw pom.xml ./
RUN ./mvnw -q -B package -DskipTests -Dmaven.antrun.skip -Dspotless.check.skip
COPY . .
RUN ./mvnw -q -B package -DskipTests -Dmaven.antrun.skip -Dspotless.check.skip

# the archive of classes is good for the JVM that made it, and for jars that lie where they lay
FROM eclipse-temurin:17-jre-noble AS app
WORKDIR /app
COPY --from=build /build/target /build/target
# a container gets its Redis from outside
RUN cp -p /build/target/camel-rest-cache.jar . && mkdir lib && cp -p /build/target/lib/*.jar lib && rm lib/embedded-redis-*.jar
COPY --from=build /build/src/main/launcher/camel-rest-cache .
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
# the JVM's flags stand in it; more of them can follow: docker run … camel-rest-cache -Xmx300m
ENTRYPOINT ["./camel-rest-cache"]
