package conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs the checks against one broker: `conformance.Main URI STOMP-PORT COLUMN [--slow] [--workers N] [--only TEXT]`. One line
 * of JSON for each: its name, the column, and `ok` or `FAIL: reason`.
 */
final class Main {
  private static final int CHECK_SECONDS = 20;
  private static final int SLOW_CHECK_SECONDS = 180;

  public static void main(String[] args) throws Exception {
    String uri = args[0];
    int stompPort = Integer.parseInt(args[1]);
    String column = args[2];
    boolean withSlow = List.of(args).contains("--slow");
    String only = option(args, "--only", "");
    int workers = Integer.parseInt(option(args, "--workers", "4"));
    List<Checklist.Item> items =
        Checklist.complete().items().stream()
            .filter(item -> (withSlow || !item.isSlow()) && item.name().contains(only))
            .toList();

    ExecutorService starters = Executors.newFixedThreadPool(workers);
    List<Future<Map<String, Object>>> results = new ArrayList<>();
    for (int index = 0; index < items.size(); index += 1) {
      Checklist.Item item = items.get(index);
      Desk desk = new Desk(uri, stompPort, "c" + (index + 1));
      results.add(starters.submit(() -> result(item, desk, column)));
    }
    ObjectMapper json = new ObjectMapper();
    for (Future<Map<String, Object>> result : results) System.out.println(json.writeValueAsString(result.get()));
    System.exit(0);
  }

  private static Map<String, Object> result(Checklist.Item item, Desk desk, String column) {
    long startedAt = System.nanoTime();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("name", item.name());
    result.put("column", column);
    result.put("result", verdict(item, desk));
    result.put("ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedAt));
    return result;
  }

  /** A check that hangs is left behind with its connections; the ones that follow do not notice. */
  private static String verdict(Checklist.Item item, Desk desk) {
    ExecutorService own = Executors.newSingleThreadExecutor(Main::daemon);
    Future<?> run =
        own.submit(
            () -> {
              try (desk) {
                item.check().run(desk);
              }
              return null;
            });
    int seconds = item.isSlow() ? SLOW_CHECK_SECONDS : CHECK_SECONDS;
    try {
      run.get(seconds, TimeUnit.SECONDS);
      return "ok";
    } catch (TimeoutException timeout) {
      run.cancel(true);
      return "FAIL: not over after " + seconds + " s";
    } catch (ExecutionException failure) {
      return "FAIL: " + reason(failure.getCause());
    } catch (InterruptedException interrupt) {
      return "FAIL: interrupted";
    } finally {
      own.shutdown();
    }
  }

  private static String reason(Throwable failure) {
    String place =
        failure instanceof AssertionError ? "" : failure.getClass().getName() + " ";
    for (StackTraceElement element : failure.getStackTrace()) {
      boolean isCheck = element.getFileName() != null && element.getFileName().endsWith("Checks.java");
      if (isCheck) return place + failure.getMessage() + " (" + element.getFileName() + ":" + element.getLineNumber() + ")";
    }
    return place + failure.getMessage();
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  private static String option(String[] args, String name, String otherwise) {
    int at = List.of(args).indexOf(name);
    return at < 0 ? otherwise : args[at + 1];
  }
}
