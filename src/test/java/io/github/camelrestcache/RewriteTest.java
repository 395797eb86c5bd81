package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** URLs of the upstream are rewritten to lead back to the service. */
@SuppressWarnings("try") // the handles of overrides are only closed
class RewriteTest extends Rewrites {
  @Test
  void forwardedLinkUsesTheRequestsHost() {
    String link =
        "<%1$s/organizations/913567/x?page=2>; rel=\"next\", <%1$s/x?page=9>; rel=\"last\"";
    try (var answering =
        upstreamAnswers(
            "[]", "Link", link.formatted(github.url()), "Cache-Control", "max-age=60")) {
      for (String host : List.of("127.0.0.1:" + service.port(), "cache.local", "[::1]:80")) {
        String answer = RawHttp.request(service.port(), "GET /x HTTP/1.1", "Host: " + host);
        assertThat(answer).contains("Link: " + link.formatted("http://" + host));
      }
      assertThat(github.requests()).as("the Host is not stored").hasSize(1);
    }
  }

  @Test
  void locationIsRewritten() {
    try (var answering = upstreamAnswers("", "Location", github.url() + "/repositories/1?a=b#c")) {
      for (String method : List.of("GET", "POST")) {
        assertThat(field(service.send(method, "/x"), "Location"))
            .isEqualTo(service.url("/repositories/1?a=b#c"));
      }
    }
  }

  @Test
  void urlsSimilarToTheUpstreamAreNotRewritten() {
    String port = github.url().substring(github.url().lastIndexOf(':') + 1);
    for (String other :
        List.of(
            github.url() + "1/x",
            github.url() + ".evil.example/x",
            github.url() + "@evil.example/x",
            "https://127.0.0.1:" + port + "/x",
            "http://elsewhere.example/?u=" + github.url() + "x")) {
      try (var answering = upstreamAnswers("", "Location", other)) {
        assertThat(field(service.get("/x"), "Location")).isEqualTo(other);
        Stored.forgetForwarded(service);
      }
    }
  }

  @Test
  void upstreamUrlIsMatchedCaseInsensitively() {
    try (var answering =
        upstreamAnswers("", "Location", github.url().replace("http", "HTTP") + "/y")) {
      assertThat(field(service.get("/x"), "Location")).isEqualTo(service.url("/y"));
    }
  }

  @Test
  void upstreamBasePathIsRemoved() {
    try (Service enterprise =
            Service.start(github, Map.of("github.api.url", github.url() + "/x/api/v3"));
        var answering =
            upstreamAnswers(
                "",
                "Link",
                "<"
                    + github.url()
                    + "/x/api/v3/a?page=2>; rel=\"next\", <"
                    + github.url()
                    + "/other>; rel=\"x\"",
                "Location",
                "/x/api/v3/b")) {
      HttpResponse<String> answer = enterprise.get("/a");
      assertThat(field(answer, "Link"))
          .isEqualTo(
              "<%s>; rel=\"next\", <%s/other>; rel=\"x\""
                  .formatted(enterprise.url("/a?page=2"), github.url()));
      assertThat(field(answer, "Location")).isEqualTo("/b");
    }
  }

  @Test
  void noneRewritesNothing() {
    try (Service none = Service.start(github, Map.of("rewrite.urls", "none"));
        var answering = upstreamAnswers("", "Location", github.url() + "/y")) {
      assertThat(field(none.get("/x"), "Location")).isEqualTo(github.url() + "/y");
    }
  }

  @Test
  void linksUsePublicUrl() {
    try (var answering = upstreamAnswers("", "Location", github.url() + "/y")) {
      assertThat(field(all.get("/x"), "Location")).isEqualTo(PUBLIC + "/y");
    }
  }
}
