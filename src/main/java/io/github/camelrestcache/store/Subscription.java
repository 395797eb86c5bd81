package io.github.camelrestcache.store;

import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.util.backoff.BackOffExecution;

/**
 * What hears Redis's messages. Its own log, a stack trace at each try while Redis is away, is off
 * in logback.xml, for {@link RedisConnection} says that once; what it does not recover from is said
 * here.
 */
final class Subscription extends RedisMessageListenerContainer {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);

  Subscription(RedisConnectionFactory connections) {
    setConnectionFactory(connections);
  }

  @Override
  protected void handleSubscriptionException(
      CompletableFuture<Void> subscribed, BackOffExecution tries, Throwable failure) {
    if (isRunning() && !(failure instanceof RedisConnectionFailureException)) {
      LOG.error(
          "Nothing is heard of what other instances publish until a restart, but looked for each"
              + " NEAR_CACHE_MAX_AGE: Redis does not let this one subscribe ({})",
          failure.getMessage());
    }
    super.handleSubscriptionException(subscribed, tries, failure);
  }
}
