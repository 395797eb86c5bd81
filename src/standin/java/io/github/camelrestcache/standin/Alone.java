package io.github.camelrestcache.standin;

import java.nio.charset.StandardCharsets;
import java.util.Scanner;

/**
 * Runs a stand-in in a process of its own, for scripts. It prints its URL and knows the token
 * {@code service-token}. Each line on standard input becomes the description of its first
 * repository. It never answers requests for paths below {@code /hang/}.
 */
public final class Alone {
  private Alone() {}

  /**
   * Runs until it is killed.
   *
   * @param args how many repositories it has, if not 150, and how many callers it knows, if not
   *     none: their tokens are {@code caller-1}, {@code caller-2} and so on
   * @throws InterruptedException never
   */
  public static void main(String[] args) throws InterruptedException {
    int repositories = args.length == 0 ? 150 : Integer.parseInt(args[0]);
    GitHubStandIn github =
        GitHubStandIn.builder().repositories(repositories).limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    int callers = args.length < 2 ? 0 : Integer.parseInt(args[1]);
    for (int i = 1; i <= callers; i++) {
      github.addToken("caller-" + i, "caller-" + i);
    }
    github.override(asked -> asked.path().startsWith("/hang/"), (asked, request) -> {});
    System.out.println(github.url());
    Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
    while (lines.hasNextLine()) {
      String text = lines.nextLine();
      github.updateRepository(
          github.repositoryNames().get(0), each -> each.put("description", text));
    }
    Thread.currentThread().join();
  }
}
