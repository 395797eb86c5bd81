package io.github.camelrestcache;

import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;

/** A bean that Camel gives its context before it is started. */
public abstract class ContextBean implements CamelContextAware {

  protected CamelContext context;

  @Override
  public CamelContext getCamelContext() {
    return context;
  }

  @Override
  public void setCamelContext(CamelContext context) {
    this.context = context;
  }

  /** Another bean. Camel JBang starts beans before it has all: ask when it is used. */
  protected <T> T bean(Class<T> type) {
    return context.getRegistry().findSingleByType(type);
  }
}
