package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.standin.Recorded;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conditional and range requests, and the request directives of clients. */
class ConditionalForwardTest extends CachedForwards {
  @Test
  void onlyIfCachedIs504OnMissAndServedOnHit() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    HttpResponse<String> miss = service.get("/x/o", "Cache-Control", "only-if-cached");
    assertThat(miss.statusCode()).isEqualTo(504);
    assertThat(miss.body()).contains("only-if-cached");
    assertThat(asked()).isEmpty();
    service.get("/x/o");
    HttpResponse<String> hit = service.get("/x/o", "Cache-Control", "only-if-cached");
    assertThat(hit.body()).isEqualTo("one");
    assertThat(asked()).hasSize(1);
  }

  @Test
  void conditionalRequestIsAnsweredFromFreshResponse() throws Exception {
    upstreamAnswers(
        Answer.fresh("one", "ETag", "W/\"a\"", "Last-Modified", "Tue, 24 Nov 2020 00:00:00 GMT"));
    service.get("/x/c");
    for (String tag : List.of("\"a\"", "W/\"a\"", "\"z\", W/\"a\"", "*")) {
      HttpResponse<String> answer = service.get("/x/c", "If-None-Match", tag);
      assertThat(answer.statusCode()).as(tag).isEqualTo(304);
      assertThat(answer.body()).isEmpty();
      assertThat(field(answer, "ETag")).isEqualTo("W/\"a\"");
      assertThat(field(answer, "Cache-Control")).isEqualTo("max-age=60");
      assertThat(answer.headers().firstValue("Content-Type")).isEmpty();
    }
    HttpResponse<String> other =
        service.get(
            "/x/c", "If-None-Match", "\"z\"", "If-Modified-Since", "Tue, 24 Nov 2020 00:00:00 GMT");
    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(other.body()).isEqualTo("one");
    assertThat(
            service.get("/x/c", "If-Modified-Since", "Tue, 24 Nov 2020 00:00:00 GMT").statusCode())
        .isEqualTo(304);
    assertThat(
            service.get("/x/c", "If-Modified-Since", "Mon, 23 Nov 2020 00:00:00 GMT").statusCode())
        .isEqualTo(200);
    assertThat(asked()).hasSize(1);
  }

  @Test
  void conditionalRequestIsForwardedOnMiss() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\""));
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"a\"");
    assertThat(answer.statusCode()).isEqualTo(304);
    assertThat(asked().get(0).header("If-None-Match")).isEqualTo("\"a\"");
    assertThat(status(answer)).isEqualTo("fwd=uri-miss; fwd-status=304");
    assertThat(service.get("/x/c").body()).isEqualTo("one");
  }

  @Test
  void revalidationUsesStoredValidatorNotTheClients() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""));
    service.get("/x/c");
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"z\"");
    assertThat(asked().get(1).headers("If-None-Match")).containsExactly("\"a\"");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("one");
    assertThat(service.get("/x/c", "If-None-Match", "\"a\"").statusCode()).isEqualTo(304);
  }

  @Test
  void staleResponseWithoutValidatorIsRefetched() throws Exception {
    upstreamAnswers(Answer.stale("one"), Answer.fresh("two", "ETag", "\"a\""));
    service.get("/x/c");
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"a\"");
    assertThat(asked().get(1).header("If-None-Match")).isNull();
    assertThat(answer.statusCode()).isEqualTo(304);
    assertThat(service.get("/x/c").body()).isEqualTo("two");
  }

  @Test
  void headRevalidatesStoredGet() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.fresh("", "ETag", "\"a\""));
    service.get("/x/h");
    HttpResponse<String> head = service.send("HEAD", "/x/h");
    assertThat(status(head)).isEqualTo("fwd=stale; fwd-status=304");
    assertThat(field(head, "Content-Length")).isEqualTo("3");
    assertThat(service.get("/x/h").body()).isEqualTo("one");
    assertThat(asked()).extracting(Recorded::method).containsExactly("GET", "HEAD");
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-1, 206, 01, bytes 0-1/10",
    "bytes=8-, 206, 89, bytes 8-9/10",
    "bytes=-3, 206, 789, bytes 7-9/10",
    "bytes=8-99, 206, 89, bytes 8-9/10",
    "bytes=10-, 416, , bytes */10",
    "bytes=3-2, 200, 0123456789, ",
    "'bytes=0-1,3-4', 200, 0123456789, ",
    "lines=1-2, 200, 0123456789, "
  })
  void rangeIsServedFromStoredResponse(String range, int status, String body, String contentRange)
      throws Exception {
    upstreamAnswers(Answer.fresh("0123456789", "ETag", "\"a\""));
    service.get("/x/range");
    HttpResponse<String> answer = service.get("/x/range", "Range", range);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).isEqualTo(body == null ? "" : body);
    assertThat(field(answer, "Content-Range")).isEqualTo(contentRange == null ? "" : contentRange);
    assertThat(asked()).hasSize(1);
  }

  @Test
  void ifRangeMismatchIs200AndRangeIsForwardedOnMiss() throws Exception {
    upstreamAnswers(
        Answer.of(206, "12", "Content-Range", "bytes 1-2/10", "Cache-Control", "max-age=60"),
        Answer.fresh("0123456789", "ETag", "\"a\""));
    assertThat(service.get("/x/range", "Range", "bytes=1-2").statusCode()).isEqualTo(206);
    assertThat(asked().get(0).header("Range")).isEqualTo("bytes=1-2");
    assertThat(service.get("/x/range").body()).isEqualTo("0123456789");
    assertThat(service.get("/x/range", "Range", "bytes=1-2", "If-Range", "\"a\"").body())
        .isEqualTo("12");
    assertThat(service.get("/x/range", "Range", "bytes=1-2", "If-Range", "\"b\"").body())
        .isEqualTo("0123456789");
  }

  @Test
  void revalidationIgnoresServerClockSkew() throws Exception {
    String now = HttpDates.format(Instant.now());
    String before = HttpDates.format(Instant.now().minusSeconds(20));
    upstreamAnswers(
        Answer.stale("one", "ETag", "\"a\"", "Date", now),
        Answer.stale("", "ETag", "\"a\"", "Date", before),
        Answer.fresh("two", "ETag", "\"b\"", "Date", before));
    service.get("/x/clock");
    assertThat(service.get("/x/clock").body()).isEqualTo("one");
    assertThat(service.get("/x/clock").body()).isEqualTo("two");
    assertThat(service.get("/x/clock").body()).isEqualTo("two");
    assertThat(asked()).hasSize(3);
  }

  @Test
  void forwarded304IsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "W/\"a\"", "Vary", "Accept"));
    service.get("/x/p", "Accept", "application/json", "If-None-Match", "W/\"a\"");
    for (String type : List.of("*/*", "application/json")) {
      HttpResponse<String> answer = service.get("/x/p", "Accept", type);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("one");
    }
  }

  @Test
  void missingVariantIsFetchedUnconditionally() throws Exception {
    upstreamAnswers(
        Answer.fresh("eins", "ETag", "W/\"a\"", "Vary", "Accept-Language"),
        Answer.fresh("one", "ETag", "W/\"a\"", "Vary", "Accept-Language"));
    service.get("/x/v", "Accept-Language", "de");
    assertThat(service.get("/x/v", "Accept-Language", "en").body()).isEqualTo("one");
    assertThat(asked().get(1).header("If-None-Match")).isNull();
    for (String language : List.of("de", "en")) {
      assertThat(status(service.get("/x/v", "Accept-Language", language))).startsWith("hit");
    }
  }

  @Test
  void status416IsNotStored() throws Exception {
    upstreamAnswers(Answer.of(416, "", "Cache-Control", "max-age=60"), Answer.fresh("one"));
    assertThat(service.get("/x/r", "Range", "bytes=100-").statusCode()).isEqualTo(416);
    assertThat(service.get("/x/r").body()).isEqualTo("one");
  }

  @Test
  void onlyIfCachedIsNeverForwarded() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    for (String[] headers :
        List.of(
            new String[] {"Cache-Control", "only-if-cached, no-store"},
            new String[] {"Cache-Control", "only-if-cached, no-cache"},
            new String[] {"Cache-Control", "only-if-cached", "If-Match", "\"a\""})) {
      assertThat(service.get("/x/o", headers).statusCode()).isEqualTo(504);
    }
    assertThat(asked()).isEmpty();
  }

  @Test
  void requestMaxAgeIsHonoured() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\"", "Age", "30"));
    service.get("/x/m");
    assertThat(status(service.get("/x/m", "Cache-Control", "max-age=50"))).startsWith("hit");
    assertThat(status(service.get("/x/m", "Cache-Control", "max-age=5")))
        .isEqualTo("fwd=request; fwd-status=304");
  }
}
