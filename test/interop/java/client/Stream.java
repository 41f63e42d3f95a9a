package client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.jms.JMSException;
import javax.jms.MessageProducer;
import javax.jms.Session;

/** Sends without end, remembers what was confirmed and the longest time that nothing was. */
final class Stream {
  private final List<String> confirmed = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private double longestGapMs = 0;
  private volatile boolean isHalted = false;

  /** A group above 1: so many messages a transaction. */
  Map<String, Object> run(Session session, MessageProducer producer, String prefix, int groupSize) {
    double lastAt = Commands.nowMs();
    for (int number = 1; !isHalted; number += 1) {
      List<String> texts = new ArrayList<>();
      for (int part = 1; part <= groupSize; part += 1)
        texts.add(groupSize == 1 ? prefix + number : prefix + number + "/" + part);
      try {
        for (String text : texts) producer.send(session.createTextMessage(text));
        if (groupSize > 1) session.commit();
        synchronized (this) {
          confirmed.addAll(texts);
        }
      } catch (JMSException failure) {
        failures.add(failure.getClass().getName() + ": " + failure.getMessage());
        isHalted = failures.size() > 20;
      }
      double at = Commands.nowMs();
      longestGapMs = Math.max(longestGapMs, at - lastAt);
      lastAt = at;
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("confirmed", confirmed);
    result.put("failures", failures);
    result.put("longestGapMs", longestGapMs);
    return result;
  }

  void halt() {
    isHalted = true;
  }

  synchronized int confirmed() {
    return confirmed.size();
  }
}
