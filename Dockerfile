# Build: docker build -t camel-rest-cache .
# Run:   docker run -p 3000:3000 -e REDIS_URL=redis://… -e GITHUB_API_TOKEN camel-rest-cache
# All settings are environment variables, as application.properties lists them. To keep other endpoints and views, mount
# a checkout's routes/ and kamelets/ at /app/routes and /app/kamelets. What is on the management port is for the
# container alone, unless MANAGEMENT_HOST says otherwise.

FROM eclipse-temurin:17-jdk-noble AS build
WORKDIR /build
COPY . .
RUN ./mvnw -q -B package -DskipTests
# a container gets its Redis from outside
RUN rm target/lib/embedded-redis-*.jar

FROM eclipse-temurin:17-jre-noble
RUN useradd --system --uid 10001 --home-dir /app --no-create-home --shell /usr/sbin/nologin app
WORKDIR /app
COPY --from=build /build/target/lib lib
COPY --from=build /build/target/camel-rest-cache.jar .
USER 10001
ENV PORT=3000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD curl -fsS -o /dev/null "http://127.0.0.1:$PORT/healthcheck"
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-jar", "camel-rest-cache.jar"]
