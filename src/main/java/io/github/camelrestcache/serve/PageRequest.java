package io.github.camelrestcache.serve;

import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Page;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a client wants to see of a stored list, as GitHub reads it.
 *
 * @param query as sent, such as {@code per_page=30&page=2}
 * @param perPage how many items a page has, 1 to 100
 * @param number which page, from 1
 */
public record PageRequest(String query, int perPage, int number) {

  private static final int DEFAULT = 30;
  private static final int MOST = 100;

  private static final Pattern PARAMETER = Pattern.compile("(page|per_page)=([\\w.~-]*)");

  /**
   * The page that a query asks for. A value below 1, or that is no number, counts as not given.
   *
   * @return null if there is something else in the query, or anything twice or encoded
   */
  public static PageRequest of(String query) {
    Map<String, Integer> numbers = new HashMap<>();
    for (String each : query.split("&", -1)) {
      Matcher parameter = PARAMETER.matcher(each);
      if (!parameter.matches()
          || numbers.put(parameter.group(1), number(parameter.group(2))) != null) {
        return null;
      }
    }
    int perPage = numbers.getOrDefault("per_page", 0);
    return new PageRequest(
        query,
        perPage == 0 ? DEFAULT : Math.min(perPage, MOST),
        Math.max(1, numbers.getOrDefault("page", 1)));
  }

  private static int number(String value) {
    return value.matches("\\d+")
        ? new BigInteger(value).min(BigInteger.valueOf(Integer.MAX_VALUE)).intValue()
        : 0;
  }

  /** The page, cut out of the bytes of its list; an empty list behind the last page. */
  public byte[] cut(Entry list) {
    ByteArrayOutputStream cut = new ByteArrayOutputStream();
    long first = (number - 1L) * perPage;
    long behind = first + perPage;
    int before = 0;
    for (Page page : list.pages()) {
      int count = page.ends().length;
      int from = (int) Math.min(count, Math.max(0, first - before));
      int to = (int) Math.min(count, behind - before);
      if (from < to) {
        byte[] items = list.items(page);
        int start = from == 0 ? 0 : page.ends()[from - 1];
        while (from > 0 && items[start] != ',') {
          start++;
        }
        cut.write(cut.size() == 0 ? '[' : ',');
        int skipped = from == 0 ? 0 : 1;
        cut.write(items, start + skipped, page.ends()[to - 1] - start - skipped);
      }
      before += count;
    }
    if (cut.size() == 0) {
      cut.write('[');
    }
    cut.write(']');
    return cut.toByteArray();
  }

  /**
   * The Link field (RFC 8288) with GitHub's relations in GitHub's order.
   *
   * @param url of the list, without its query
   * @return null when there is no other page
   */
  public String links(String url, Entry list) {
    int last = Math.max(1, (list.items() + perPage - 1) / perPage);
    List<String> links = new ArrayList<>();
    if (number > 1) {
      links.add(link(url, Math.min(number - 1, last), "prev"));
    }
    if (number < last) {
      links.add(link(url, number + 1, "next"));
    }
    if (number != last) {
      links.add(link(url, last, "last"));
    }
    if (number > 1) {
      links.add(link(url, 1, "first"));
    }
    return links.isEmpty() ? null : String.join(", ", links);
  }

  private String link(String url, int page, String relation) {
    String given = ("&" + query).contains("&page=") ? query : query + "&page=";
    String target = given.replaceFirst("(^|&)page=[^&]*", "$1page=" + page);
    return "<%s?%s>; rel=\"%s\"".formatted(url, target, relation);
  }
}
