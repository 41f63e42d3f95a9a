package client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A JMS client without a mind of its own: takes one JSON object a line, `{"id":1,"do":"send",…}`, and answers
 * `{"id":1,"ok":…}` or `{"id":1,"error":class,"message":…}`. What names the same `lane` is done one after another, as a
 * session demands; the rest goes side by side, so that one call may block while others go on. Ends with its input.
 */
final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    Commands commands = new Commands(Main::say);
    Map<String, ExecutorService> lanes = new ConcurrentHashMap<>();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    say(Map.of("event", "ready"));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode command = JSON.readTree(line);
      String lane = command.path("lane").asText(command.path("do").asText());
      lanes.computeIfAbsent(lane, name -> Executors.newSingleThreadExecutor()).submit(() -> answer(commands, command));
    }
    System.exit(0);
  }

  private static void answer(Commands commands, JsonNode command) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("id", command.path("id").asInt());
    try {
      answer.put("ok", commands.obey(command));
    } catch (Throwable failure) {
      answer.put("error", failure.getClass().getName());
      answer.put("message", String.valueOf(failure.getMessage()));
      List<String> causes = new ArrayList<>();
      for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause())
        causes.add(cause.getClass().getName() + ": " + cause.getMessage());
      answer.put("causes", causes);
    }
    say(answer);
  }

  private static synchronized void say(Map<String, ?> line) {
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (java.io.IOException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
