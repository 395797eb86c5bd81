package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Deliveries that are refused, and those that take long. */
@Tag("slow")
@SuppressWarnings("try") // the handles of overrides are only closed
class WebhookRequestsTest extends Webhooks {
  @Test
  void wrongOrMissingSignatureIs401() {
    String digits = SIGNATURE.substring("sha256=".length());
    String id = UUID.randomUUID().toString();
    for (String wrong :
        new String[] {
          null,
          "",
          "sha256=",
          digits,
          "sha1=" + digits,
          SIGNATURE.replaceFirst(".$", "8"),
          SIGNATURE.replaceFirst(".$", ""),
          SIGNATURE + "0",
          SIGNATURE + ", " + SIGNATURE
        }) {
      for (String event : new String[] {"star", "ping", null}) {
        HttpResponse<String> answer =
            deliver(
                "", "X-GitHub-Event", event, "X-GitHub-Delivery", id, "X-Hub-Signature-256", wrong);
        assertThatIsProblem(answer, 401, "GITHUB_WEBHOOK_SECRET");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("X-Hub-Signature-256");
      }
    }
    assertThatNothingHappened();
    assertThat(Stored.in(service).keys("*" + id + "*")).isEmpty();
  }

  @Test
  void unsignedDeliveryIs401BeforeItsBody() {
    assertThat(
            RawHttp.send(
                service.port(),
                "POST /webhook/github HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"))
        .startsWith("HTTP/1.1 401 ");
  }

  @Test
  void slowDeliveriesBlockNoOtherRequests() throws IOException {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 400; i++) {
        Socket each = new Socket("127.0.0.1", service.port());
        slow.add(each);
        each.getOutputStream()
            .write(
                ("POST /webhook/github HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: "
                        + SIGNATURE
                        + "\r\nContent-Length: 9\r\n\r\n{")
                    .getBytes(UTF_8));
      }
      assertThat(service.get("/zen?slowly").statusCode()).isEqualTo(200);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  @Test
  void signatureCoversRawPayload() {
    byte[] form = "payload=%7B%22zen%22%3A%22a+b%22%7D".getBytes(UTF_8);
    List<String> headers =
        headers(
            "ping",
            "Content-Type",
            "application/x-www-form-urlencoded",
            "X-Hub-Signature-256",
            sign(form));
    assertThat(post(service, form, headers).statusCode()).isEqualTo(200);
    assertThat(post(service, PAYLOAD.getBytes(UTF_8), headers).statusCode()).isEqualTo(401);
    assertThat(post(service, new byte[0], headers).statusCode()).isEqualTo(401);
    headers = headers("ping", "X-Hub-Signature-256", sign(new byte[0]));
    assertThat(post(service, new byte[0], headers).statusCode()).isEqualTo(200);
  }

  @Test
  void deliveryWithoutEventOrIdIs400() {
    for (String event :
        new String[] {null, "", "star, push", "${variable.request}", "x".repeat(65)}) {
      assertThatIsProblem(deliver("star", "X-GitHub-Event", event), 400, "X-GitHub-Event");
    }
    for (String id : new String[] {null, "", "a:b", "a b", "*", "0".repeat(65)}) {
      assertThatIsProblem(deliver("star", "X-GitHub-Delivery", id), 400, "X-GitHub-Delivery");
    }
    assertThatNothingHappened();
  }

  @Test
  void payloadIsLimitedTo25Megabytes() throws IOException {
    byte[] largest = new byte[MAX_PAYLOAD];
    List<String> headers = headers("ping", "X-Hub-Signature-256", sign(largest));
    assertThat(post(service, largest, headers).statusCode()).isEqualTo(200);
    // a client that still sends may lose the answer with the connection
    try (Socket larger = begin("Content-Length: " + (MAX_PAYLOAD + 1))) {
      assertThat(new String(larger.getInputStream().readAllBytes(), UTF_8))
          .startsWith("HTTP/1.1 413")
          .contains("application/json; charset=utf-8", "25 MB")
          .doesNotContain(SECRET, SIGNATURE);
    }
  }

  @Test
  void oversizedPayloadIs413EarlyAndConnectionIsClosed() throws IOException {
    try (Socket announcing = begin("Content-Length: " + (MAX_PAYLOAD + 1))) {
      assertThat(status(announcing)).isEqualTo("HTTP/1.1 413");
      assertThat(announcing.getInputStream().readAllBytes()).as("then it is closed").isNotEmpty();
    }
    byte[] megabyte = ("100000\r\n" + "x".repeat(0x100000) + "\r\n").getBytes(UTF_8);
    try (Socket endless = begin("Transfer-Encoding: chunked")) {
      for (int sent = 0; sent <= 25; sent++) {
        endless.getOutputStream().write(megabyte);
      }
      assertThat(status(endless)).isEqualTo("HTTP/1.1 413");
      assertThatThrownBy(
              () -> {
                for (int sent = 0; sent < 200; sent++) {
                  endless.getOutputStream().write(megabyte);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "PATCH", "DELETE", "OPTIONS"})
  void otherMethodsAre405(String method) {
    HttpResponse<String> answer = service.send(method, HOOK + "?a=b");
    assertThatIsProblem(answer, 405, "POST");
    assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
    assertThat(fetches(HOOK)).isZero();
  }

  @Test
  void pathIsReservedWithoutSecret() {
    try (Service off = Service.start(github).ready()) {
      github.clearRequests();
      for (String method : List.of("GET", "POST", "DELETE", "OPTIONS")) {
        assertThatIsProblem(off.send(method, HOOK), 404, "set GITHUB_WEBHOOK_SECRET");
      }
      assertThatIsProblem(deliver(off, "star"), 404, "set GITHUB_WEBHOOK_SECRET");
      assertThat(github.requests()).isEmpty();
    }
  }
}
