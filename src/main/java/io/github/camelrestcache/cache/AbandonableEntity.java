package io.github.camelrestcache.cache;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;

/** Content that drops its connection if it is closed early; HttpClient would read the rest. */
final class AbandonableEntity extends HttpEntityWrapper {

  private final ExecRuntime connection;
  private InputStream content;

  AbandonableEntity(HttpEntity entity, ExecRuntime connection) {
    super(entity);
    this.connection = connection;
  }

  @Override
  public InputStream getContent() throws IOException {
    if (content == null) {
      content =
          new FilterInputStream(super.getContent()) {
            private boolean ended;

            @Override
            public int read() throws IOException {
              int read = in.read();
              ended |= read < 0;
              return read;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
              int read = in.read(target, offset, length);
              ended |= read < 0;
              return read;
            }

            @Override
            public void close() throws IOException {
              if (!ended) {
                ended = true;
                connection.discardEndpoint();
              }
              in.close();
            }
          };
    }
    return content;
  }
}
