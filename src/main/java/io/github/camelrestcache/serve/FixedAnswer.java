package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Freshness;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Map;

/** The answer to a forwarded request, which only its age tells from the next one to the same. */
public final class FixedAnswer implements Reply {

  private final int status;
  private final PreparedFields fields = PreparedFields.empty();
  private final Freshness freshness;
  private final AgeFields ages;
  private final Content content;

  /**
   * Prepares an answer.
   *
   * @param fields without those that tell its age
   * @param content may be empty, or null for an answer to HEAD
   * @throws Problem 502 if HTTP does not allow one of the fields
   */
  FixedAnswer(int status, Map<String, List<String>> fields, Freshness freshness, byte[] content) {
    this.status = status;
    this.freshness = freshness;
    this.ages = new AgeFields(freshness.lifetime());
    boolean announced = content != null && status != 204 && status != 304;
    try {
      fields.forEach(
          (name, values) -> {
            if (!announced || !name.equalsIgnoreCase("Content-Length")) {
              values.forEach(value -> this.fields.add(name, value));
            }
          });
    } catch (IllegalArgumentException e) {
      throw Problem.unreadable();
    }
    if (announced) {
      this.fields.add("Content-Length", Integer.toString(content.length));
    }
    this.content = announced ? Content.of(content) : Content.NONE;
  }

  /** How many bytes of memory it takes. */
  int size() {
    return content.size() + fields.size();
  }

  @Override
  public Content content(ClientRequest request) {
    return content;
  }

  @Override
  public void begin(HttpServerResponse response, Content sent) {
    response.setStatusCode(status);
    fields.addTo(response.headers());
    ages.addTo(response.headers(), freshness.age(), null);
  }
}
