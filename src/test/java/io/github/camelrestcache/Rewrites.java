package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** Services that rewrite URLs of the upstream: in Link and Location, or everywhere. */
@SuppressWarnings("try") // the handles of overrides are only closed
abstract class Rewrites {
  static final String PUBLIC = "https://cache.example/github";
  static GitHubStandIn github;
  static Service service;
  static Service all;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("a-callers-token", "a-caller", "repo");
    github.updateRepository("zuul", zuul -> zuul.put("url", github.url() + "/repos/Netflix/zuul"));
    service = Service.start(github).ready();
    all = Service.start(github, Map.of("rewrite.urls", "all", "public.url", PUBLIC + "/")).ready();
  }

  @AfterAll
  static void stop() {
    all.close();
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    Stored.forgetForwarded(service);
    Stored.forgetForwarded(all);
    github.clearRequests();
  }

  /** Responds to everything below /x with these headers and this body. */
  static GitHubStandIn.Handle upstreamAnswers(String content, String... fields) {
    return github.override(
        asked -> asked.path().startsWith("/x"),
        (asked, request) -> {
          for (int i = 0; i < fields.length; i += 2) {
            request.response().headers().add(fields[i], fields[i + 1]);
          }
          if (fields.length > 1
              && fields[0].equals("ETag")
              && fields[1].equals(asked.header("If-None-Match"))) {
            request.response().setStatusCode(304).end();
          } else {
            request.response().end(content);
          }
        });
  }

  static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }

  static byte[] zipped(String content) {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return zipped.toByteArray();
  }
}
