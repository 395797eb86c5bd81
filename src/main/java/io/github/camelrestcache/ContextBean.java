package io.github.camelrestcache;

import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.support.LifecycleStrategySupport;

/** A bean that Camel gives its context before it is started. */
public abstract class ContextBean implements CamelContextAware {

  protected CamelContext context;

  @Override
  public CamelContext getCamelContext() {
    return context;
  }

  @Override
  public void setCamelContext(CamelContext context) {
    if (this.context == context) {
      return; // Camel says it each time that a route names the bean
    }
    this.context = context;
    context.addLifecycleStrategy(
        new LifecycleStrategySupport() {
          @Override
          public void onContextStarting(CamelContext starting) {
            wire();
          }

          @Override
          public void onContextStopping(CamelContext stopping) {
            drain();
          }
        });
  }

  /**
   * Takes what this needs of other beans and of the routes. All are there then, which they are not
   * when a bean is started (Camel JBang starts each as soon as it has made it), and no route has
   * started.
   */
  protected void wire() {}

  /** Ends what is under way besides the routes, which Camel drains afterwards. */
  protected void drain() {}

  /** Another bean. */
  protected <T> T bean(Class<T> type) {
    return context.getRegistry().findSingleByType(type);
  }
}
