package io.github.camelrestcache.standin;

/** GitHub's secondary limits, by what they stop and how the refusal is worded. */
public enum SecondaryLimit {
  /** All requests, as GitHub words it now. */
  REQUESTS(
      "You have exceeded a secondary rate limit. Please wait before you try again.",
      "rest#secondary-rate-limits"),
  /** All requests, as older servers word it. */
  ABUSE(
      "You have triggered an abuse detection mechanism. Please wait a few minutes before you try"
          + " again.",
      "rest/overview/resources-in-the-rest-api#abuse-rate-limits"),
  /** Writes alone. */
  CONTENT_CREATION(
      "You have exceeded a secondary rate limit and have been temporarily blocked from content"
          + " creation. Please retry your request again later.",
      "rest#secondary-rate-limits");

  final String message;
  final String page;

  SecondaryLimit(String message, String page) {
    this.message = message;
    this.page = page;
  }

  /** Tells whether it stops a request. */
  boolean stops(Call call) {
    return this != CONTENT_CREATION || !call.reads() && !call.path()[0].equals("graphql");
  }
}
