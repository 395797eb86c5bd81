package io.github.camelrestcache.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.CachedEndpoint;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Verifies and answers the deliveries of GitHub's webhook. */
public final class Webhook {

  private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);

  /**
   * A delivery.
   *
   * @param id the delivery id, which a redelivery repeats
   * @param event the event, such as {@code star}
   * @param scopes the repository or the organization that it has changed, such as {@code
   *     /repos/netflix/zuul} and {@code /repositories/42}; empty if the payload names none
   */
  public record Delivery(String id, String event, List<String> scopes) {}

  /** GitHub's limit, in bytes. */
  private static final long LARGEST_PAYLOAD = 25L * 1024 * 1024;

  /** Maximum time to receive a payload in nanoseconds: GitHub waits 10 s for an answer. */
  private static final long LONGEST = TimeUnit.SECONDS.toNanos(10);

  /** For the deliveries that are being read: each holds a thread. */
  private final Semaphore reading = new Semaphore(16);

  private final String secret;

  /**
   * @param secret the secret that GitHub signs with; empty: the webhook is disabled
   */
  public Webhook(String secret) {
    this.secret = secret;
  }

  /**
   * Verifies the signature of a delivery. The payload is read but not kept.
   *
   * @throws Problem 404 without a secret, 405 if the method is not POST, 413 above 25 MB, 401 for a
   *     wrong signature, 400 without event or id, 408 if the payload arrives too slowly, 503 for
   *     too many concurrent deliveries
   */
  public Delivery verify(@Variable("request") ClientRequest request)
      throws IOException, GeneralSecurityException {
    if (secret.isEmpty()) {
      throw new Problem(404, "Not found", "The webhook is disabled: set GITHUB_WEBHOOK_SECRET.");
    }
    if (!request.method().equals("POST")) {
      throw new Problem(405, "Method not allowed", "The webhook accepts only POST.")
          .with("Allow", "POST");
    }
    // do not read the payload without a well-formed signature
    String signature = field(request, "X-Hub-Signature-256", "sha256=[0-9a-f]{64}");
    List<String> scopes = signature.isEmpty() ? null : signedScopes(request, signature);
    if (scopes == null) {
      throw new Problem(
              401,
              "Unauthorized",
              "X-Hub-Signature-256 is missing or wrong: GITHUB_WEBHOOK_SECRET must equal the"
                  + " secret at GitHub.")
          .with("WWW-Authenticate", "X-Hub-Signature-256");
    }
    String event = field(request, "X-GitHub-Event", "[a-z_]{1,64}");
    String id = field(request, "X-GitHub-Delivery", "[0-9A-Za-z-]{1,64}");
    if (event.isEmpty() || id.isEmpty()) {
      throw new Problem(
          400, "Bad request", "X-GitHub-Event or X-GitHub-Delivery is missing or invalid.");
    }
    if (scopes.isEmpty()) {
      LOG.debug("{} {} names no repository and no organization in JSON", event, id);
    }
    return new Delivery(id, event, scopes);
  }

  /** The value of a field, or an empty string if it is missing or malformed. */
  private static String field(ClientRequest request, String name, String form) {
    String value = request.fields().get(name);
    return value != null && value.matches(form) ? value : "";
  }

  /** The scopes that a payload names, or null if its signature is another. */
  private List<String> signedScopes(ClientRequest request, String signature)
      throws IOException, GeneralSecurityException {
    if (request.length() > LARGEST_PAYLOAD) {
      throw tooLarge();
    }
    if (!reading.tryAcquire()) {
      throw Problem.busy("Too many webhook deliveries are in flight");
    }
    try {
      InputStream body = request.body() == null ? InputStream.nullInputStream() : request.body();
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), mac.getAlgorithm()));
      SignedStream signed = new SignedStream(body, mac);
      List<String> scopes = Payload.scopes(signed);
      signed.transferTo(OutputStream.nullOutputStream());
      byte[] given = HexFormat.of().parseHex(signature.replace("sha256=", ""));
      return MessageDigest.isEqual(given, mac.doFinal()) ? scopes : null;
    } finally {
      reading.release();
    }
  }

  /** Computes a signature of what is read, within the limits of length and time. */
  private static final class SignedStream extends FilterInputStream {

    private final long began = System.nanoTime();
    private final Mac mac;
    private long length;

    SignedStream(InputStream in, Mac mac) {
      super(in);
      this.mac = mac;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int most) throws IOException {
      int count = super.read(buffer, offset, most);
      length += Math.max(0, count);
      if (length > LARGEST_PAYLOAD) {
        throw tooLarge();
      } else if (System.nanoTime() - began > LONGEST) {
        throw new Problem(408, "Request timeout", "The payload did not arrive in time.");
      }
      mac.update(buffer, offset, Math.max(0, count));
      return count;
    }
  }

  private static Problem tooLarge() {
    return new Problem(413, "Content too large", "The payload exceeds GitHub's limit of 25 MB.");
  }

  /** Answers with the refreshed paths: 200 for a ping or a redelivery, otherwise 202. */
  public void answer(
      Exchange exchange,
      @Variable("delivery") Delivery delivery,
      @ExchangeProperty(Exchange.DUPLICATE_MESSAGE) Boolean duplicate,
      @Body List<CachedEndpoint> changed) {
    boolean isRepeated = duplicate != null;
    List<String> refreshed =
        isRepeated ? List.of() : changed.stream().map(CachedEndpoint::path).toList();
    LOG.debug("{} {} refreshes {}", delivery.event(), delivery.id(), refreshed);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("event", delivery.event());
    answer.put("new", !isRepeated);
    answer.put("refreshes", refreshed);
    Message message = exchange.getMessage();
    boolean done = isRepeated || delivery.event().equals("ping");
    message.setHeader(Exchange.HTTP_RESPONSE_CODE, done ? 200 : 202);
    message.setHeader("Content-Type", "application/json; charset=utf-8");
    message.setBody(answer);
  }
}
