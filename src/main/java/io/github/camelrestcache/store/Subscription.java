package io.github.camelrestcache.store;

import io.lettuce.core.RedisCommandExecutionException;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.util.backoff.BackOffExecution;

/**
 * Receives Redis messages. Its superclass logs a stack trace per attempt while Redis is away, which
 * logback.xml turns off: {@link RedisConnection} logs outages. Failures that it does not recover
 * from are logged here.
 */
final class Subscription extends RedisMessageListenerContainer {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);

  Subscription(RedisConnectionFactory connections) {
    setConnectionFactory(connections);
    setRecoveryInterval(500);
    setErrorHandler(failure -> LOG.warn("Failed to handle a Redis message", failure));
    afterPropertiesSet();
  }

  @Override
  protected void handleSubscriptionException(
      CompletableFuture<Void> subscribed, BackOffExecution tries, Throwable failure) {
    if (!(NestedExceptionUtils.getMostSpecificCause(failure)
        instanceof RedisCommandExecutionException)) {
      // the superclass retries only after this exception
      failure = new RedisConnectionFailureException(RedisFailure.reason(failure), failure);
    } else if (isRunning()) {
      LOG.error(
          "Redis refuses the subscription ({}): until a restart, this instance learns of changes"
              + " by other instances only by polling Redis each second",
          RedisFailure.reason(failure));
    }
    super.handleSubscriptionException(subscribed, tries, failure);
  }
}
