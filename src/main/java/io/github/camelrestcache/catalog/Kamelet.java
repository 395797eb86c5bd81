package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import java.net.URISyntaxException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.util.URISupport;

/**
 * A Kamelet at the start of a route.
 *
 * @param given the parameters
 * @param written the parameters before placeholders are resolved
 * @param source file and line
 */
record Kamelet(String name, Map<String, String> given, Map<String, String> written, String source) {

  private static final char PLUS = '\u0001';

  /** The Kamelet that a route starts from, or null if it starts from something else. */
  static Kamelet of(CamelContext context, RouteDefinition route, String source) {
    String uri = route.getInput().getEndpointUri();
    if (!uri.startsWith("kamelet:")) {
      return null;
    }
    try {
      String resolved = context.resolvePropertyPlaceholders(uri);
      String name = resolved.replaceFirst("(?s)kamelet:(//)?([^/?]*).*", "$2");
      return new Kamelet(name, parameters(resolved), parameters(uri), source);
    } catch (IllegalArgumentException | URISyntaxException e) {
      throw new BadConfiguration(source + ": " + BadConfiguration.sentence(e));
    }
  }

  /** The parameters, with their plus signs, which Camel would take for spaces outside RAW(…). */
  private static Map<String, String> parameters(String uri) throws URISyntaxException {
    Map<String, String> parameters = new LinkedHashMap<>();
    String query = URISupport.extractQuery(uri);
    Map<String, Object> given =
        URISupport.parseQuery(query == null ? null : query.replace('+', PLUS));
    URISupport.resolveRawParameterValues(given);
    given.forEach((key, value) -> parameters.put(key, String.valueOf(value).replace(PLUS, '+')));
    return parameters;
  }

  /** A parameter as written, with {@code {org}} for the placeholder {@code github.org}. */
  String template(String parameter) {
    return written.get(parameter).replaceAll("\\{\\{(?:[^{}:]*\\.)?([^{}.:]+)[^{}]*}}", "{$1}");
  }

  /**
   * The value of a parameter.
   *
   * @throws BadConfiguration if it is missing or does not match the pattern
   */
  String parameter(String parameter, String allowed, String pattern) {
    String value = given.get(parameter);
    if (value == null || !value.matches(pattern)) {
      throw invalid(parameter, allowed);
    }
    return value;
  }

  BadConfiguration invalid(String parameter, String allowed) {
    String value = given.get(parameter);
    return new BadConfiguration(
        "%s: the parameter '%s' of the Kamelet %s is %s, but must be %s"
            .formatted(
                source, parameter, name, value == null ? "missing" : "'" + value + "'", allowed));
  }
}
