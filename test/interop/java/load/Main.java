package load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Puts load on a broker over OpenWire, one order a line of JSON, and answers each with its figures. It stays the same
 * process from order to order, so that two brokers measured in turn meet a client that is equally warm.
 */
final class Main {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode order = json.readTree(line);
        System.out.println(json.writeValueAsString(new Load(order).run()));
      }
      System.exit(0);
    } catch (Exception failure) {
      // Connections that are still open would keep the process alive.
      failure.printStackTrace();
      System.exit(1);
    }
  }
}
