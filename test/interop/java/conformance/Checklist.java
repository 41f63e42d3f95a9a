package conformance;

import java.util.ArrayList;
import java.util.List;

/** The checks, in the order in which they are printed. */
final class Checklist {
  record Item(String name, Check check, boolean isSlow) {}

  private final List<Item> items = new ArrayList<>();
  private String group = "";

  static Checklist complete() {
    Checklist list = new Checklist();
    MessageChecks.addTo(list);
    PropertyChecks.addTo(list);
    QueueChecks.addTo(list);
    PrefetchChecks.addTo(list);
    GroupChecks.addTo(list);
    AcknowledgementChecks.addTo(list);
    DeadLetterChecks.addTo(list);
    SelectorChecks.addTo(list);
    TopicChecks.addTo(list);
    DurableChecks.addTo(list);
    RetroactiveChecks.addTo(list);
    DestinationChecks.addTo(list);
    TemporaryChecks.addTo(list);
    TransactionChecks.addTo(list);
    XaChecks.addTo(list);
    ScheduleChecks.addTo(list);
    AdvisoryChecks.addTo(list);
    StompChecks.addTo(list);
    WireChecks.addTo(list);
    RefusalChecks.addTo(list);
    return list;
  }

  /** What the names of the following checks begin with. */
  void group(String name) {
    group = name;
  }

  void check(String name, Check check) {
    items.add(new Item(group + ": " + name, check, false));
  }

  /** One that takes a minute or a hundred megabytes: left out unless asked for. */
  void slowCheck(String name, Check check) {
    items.add(new Item(group + ": " + name, check, true));
  }

  List<Item> items() {
    return items;
  }
}
