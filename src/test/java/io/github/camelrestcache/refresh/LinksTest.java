package io.github.camelrestcache.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LinksTest {

  private static final String URL = "https://api.github.com/orgs/x/repos?page=2&a=b,c;d";

  @Test
  void nextLinkIsFoundInEverySyntax() {
    String fields =
        """
        <URL>; rel="next"
        <URL>;rel=next
        <URL> ; rel = next ; title="a"
        <URL>; title="one, two; three"; rel="next"
        <URL>; title*=UTF-8''n%c3%a4chste; rel="next"
        <URL>; crossorigin; rel="next"
        <URL>; REL="Next"
        <URL>; title="a\\"; rel=last; b"; rel="next"
        <URL>; rel="https://a/;b next"
        <URL>; rel="last next"
        <URL>; rel="next last"
        <https://api.github.com/?page=1>; rel="prev", <URL>; rel="next"
        <URL>; rel="next", <https://api.github.com/?page=9>; rel="last"
        <https://api.github.com/a,b;c>; rel="first",<URL>;rel="next"
        """;
    assertThat(fields.replace("URL", URL).lines())
        .allSatisfy(field -> assertThat(Links.next(field)).isEqualTo(URL));
  }

  @Test
  void headerWithoutNextLinkHasNone() {
    String fields =
        """

        <https://a/>; rel="prev", <https://b/>; rel="last"
        <https://a/>
        <https://a/>; title="next"
        <https://a/>; title="; rel=next"
        <https://a/>; rel=prev; rel=next
        <https://a/>; rel="next-archive"
        <https://a/>; rel="prenext"
        <https://a/next>; rel="last"
        <https://a/?rel=next>; rel="last"
        rel="next"
        """;
    assertThat(fields.lines()).allSatisfy(field -> assertThat(Links.next(field)).isNull());
    assertThat(Links.next(null)).isNull();
  }
}
