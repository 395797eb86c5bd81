package io.github.camelrestcache.cache;

import java.io.IOException;
import java.io.OutputStream;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;

/**
 * The content of a request, which GitHub gets whole or not at all: if the content breaks off, the
 * connection is dropped. HttpCore would end it as if it were complete.
 */
final class Upload extends HttpEntityWrapper {

  private final ExecRuntime runtime;

  Upload(HttpEntity content, ExecRuntime runtime) {
    super(content);
    this.runtime = runtime;
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    boolean whole = false;
    try {
      super.writeTo(out);
      whole = true;
    } finally {
      if (!whole) {
        runtime.discardEndpoint();
      }
    }
  }
}
