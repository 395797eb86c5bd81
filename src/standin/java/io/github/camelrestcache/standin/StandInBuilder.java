package io.github.camelrestcache.standin;

import java.time.Duration;

/** What a stand-in is to be like; without further words it is Netflix on a free port. */
public final class StandInBuilder {
  String org = "Netflix";
  int repositories = 150;
  int members = 12;
  int port;
  int anonymousLimit = 60;
  int tokenLimit = 5_000;
  Duration idleTimeout = Duration.ofSeconds(60);

  StandInBuilder() {}

  /** The organization's login. */
  public StandInBuilder org(String login) {
    this.org = login;
    return this;
  }

  /** How many repositories there are at first, from 0 to 20,000. */
  public StandInBuilder repositories(int count) {
    this.repositories = count;
    return this;
  }

  /** How many members the organization has. */
  public StandInBuilder members(int count) {
    this.members = count;
    return this;
  }

  /** The port to listen on; 0 takes a free one. */
  public StandInBuilder port(int port) {
    this.port = port;
    return this;
  }

  /** The hourly limit of requests without a token, and that of each token. */
  public StandInBuilder limits(int anonymous, int withToken) {
    this.anonymousLimit = anonymous;
    this.tokenLimit = withToken;
    return this;
  }

  /** When a connection on which nothing moves is closed, as GitHub does after 60 seconds. */
  public StandInBuilder idleTimeout(Duration timeout) {
    this.idleTimeout = timeout;
    return this;
  }

  /** Returns a stand-in that does not listen yet. */
  public GitHubStandIn build() {
    return new GitHubStandIn(this);
  }
}
