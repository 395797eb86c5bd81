package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.Recorded;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The service lends its token to anonymous reads alone. */
@SuppressWarnings("try") // the handles of overrides are only closed
class LentTokenTest extends Forwards {
  @Test
  void tokenIsLentToAnonymousReads() {
    service.get("/repos/Netflix/zuul");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer " + TOKEN);
    forget();
    service.send("HEAD", "/repos/Netflix/zuul");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer " + TOKEN);
  }

  @Test
  void callerCredentialsReplaceTheToken() {
    assertThat(json(service.get("/user", "Authorization", "token a-callers-token")).get("login"))
        .hasToString("\"a-caller\"");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("token a-callers-token");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void tokenIsNeverLentToWrites(String method) {
    service.send(method, "/repos/Netflix/zuul/issues");
    assertThat(onlyRequest().header("Authorization")).isNull();
  }

  @Test
  void tokenIsNotLentToReadsWithContent() {
    String head = "GET /repos/Netflix/zuul HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    RawHttp.send(service.port(), head + "Content-Length: 1\r\n\r\nx");
    assertThat(onlyRequest().header("Authorization")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/user",
        "/USER/repos",
        "/user?x=/users",
        "/notifications",
        "/issues",
        "/gists/public",
        "/installation/repositories",
        "/./user",
        "//user",
        "/x/../user",
        "/%75ser",
        "/user%2frepos",
        "/x%2F..%2Fuser/",
        "/\\user"
      })
  void tokenIsNeverLentToOwnerPaths(String target) {
    RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: x");
    Recorded seen = onlyRequest();
    assertThat(seen.target()).isEqualTo(target);
    assertThat(seen.header("Authorization")).isNull();
  }

  @Test
  void emptyAuthorizationCountsAsCallerCredentials() {
    RawHttp.request(
        service.port(), "GET /repos/Netflix/zuul HTTP/1.1", "Host: x", "Authorization:");
    assertThat(onlyRequest().header("Authorization")).isNullOrEmpty();
  }

  @Test
  void connectionHeaderCannotRemoveAuthorization() {
    String answer =
        RawHttp.send(
            service.port(),
            "GET /repos/Netflix/zuul HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mine\r\n"
                + "Connection: close, authorization\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 401");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer mine");
  }

  @Test
  void tokenIsNotLentWithMethodOverride() {
    service.get("/repos/Netflix/zuul", "X-HTTP-Method-Override", "DELETE");
    assertThat(onlyRequest().header("Authorization")).isNull();
  }

  @Test
  void tokenDetailsAreRemovedFromResponses() {
    HttpResponse<String> lent = service.get("/repos/Netflix/zuul");
    HttpResponse<String> own =
        service.get("/repos/Netflix/zuul", "Authorization", "Bearer a-callers-token");
    for (String name : List.of("X-OAuth-Scopes", "github-authentication-token-expiration")) {
      assertThat(lent.headers().firstValue(name)).as(name).isEmpty();
      assertThat(own.headers().firstValue(name)).as(name).isPresent();
    }
  }
}
