package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;
import java.io.IOException;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;

/** Serves one range of a stored answer (RFC 9110 14.2); several ranges get all of it. */
final class Ranges {

  private static final Pattern ONE = Pattern.compile("(?i)bytes=\\s*(\\d{0,9})-(\\d{0,9})\\s*");

  private Ranges() {}

  static void apply(HttpFields request, ClassicHttpResponse response) throws IOException {
    String range = request.get("Range");
    Matcher one = ONE.matcher(range == null ? "" : range);
    if (response.getCode() != 200
        || response.getEntity() == null
        || !one.matches()
        || one.group(1).isEmpty() && one.group(2).isEmpty()
        || !isUnchanged(request.get("If-Range"), response)) {
      return;
    }
    byte[] whole = EntityUtils.toByteArray(response.getEntity());
    int length = whole.length;
    int last = one.group(2).isEmpty() ? length - 1 : Integer.parseInt(one.group(2));
    int from = one.group(1).isEmpty() ? Math.max(0, length - last) : Integer.parseInt(one.group(1));
    int to = one.group(1).isEmpty() ? length - 1 : Math.min(last, length - 1);
    if (from > last && !one.group(1).isEmpty() && !one.group(2).isEmpty()) {
      return; // invalid, so ignored
    }
    response.removeHeaders("Content-Length");
    if (from > to) {
      response.setCode(416);
      response.setHeader("Content-Range", "bytes */" + length);
      response.setHeader("Content-Length", "0");
      response.setEntity(null);
      return;
    }
    response.setCode(206);
    response.setHeader("Content-Range", "bytes %d-%d/%d".formatted(from, to, length));
    response.setHeader("Content-Length", Integer.toString(to + 1 - from));
    response.setEntity(new ByteArrayEntity(Arrays.copyOfRange(whole, from, to + 1), null));
  }

  /** RFC 9110 13.1.5: the strong comparison, or the exact date. */
  private static boolean isUnchanged(String validator, ClassicHttpResponse response) {
    if (validator == null) {
      return true;
    }
    String stored = KeptFields.value(response, validator.contains("\"") ? "ETag" : "Last-Modified");
    return validator.equals(stored) && !validator.startsWith("W/");
  }
}
