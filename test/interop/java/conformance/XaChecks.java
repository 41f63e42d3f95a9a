package conformance;

import static conformance.Desk.PULL;
import static conformance.Desk.browse;
import static conformance.Desk.send;
import static conformance.Desk.texts;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import javax.jms.MessageConsumer;
import javax.jms.XASession;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQXAConnection;

/** Distributed transactions, as a transaction manager drives them. */
final class XaChecks {
  private record Branch(String global, String branch) implements Xid {
    @Override
    public int getFormatId() {
      return 86;
    }

    @Override
    public byte[] getGlobalTransactionId() {
      return global.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] getBranchQualifier() {
      return branch.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** A connection, its session and the resource of the session. */
  private record Party(ActiveMQXAConnection connection, XASession session, XAResource resource) {
    static Party of(Desk desk) throws Exception {
      ActiveMQXAConnection connection = desk.connectXa();
      XASession session = connection.createXASession();
      return new Party(connection, session, session.getXAResource());
    }

    /** Sends the texts within a branch, and ends the work on it. */
    void sendIn(Xid xid, Desk desk, String... texts) throws Exception {
      resource.start(xid, XAResource.TMNOFLAGS);
      send(session, desk.queue(), texts);
      resource.end(xid, XAResource.TMSUCCESS);
    }
  }

  private static Xid xid(Desk desk) {
    return new Branch(desk.id, "b");
  }

  private static boolean isRecovered(XAResource resource, Xid xid) throws XAException {
    for (Xid each : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
      if (Arrays.equals(each.getGlobalTransactionId(), xid.getGlobalTransactionId())
          && Arrays.equals(each.getBranchQualifier(), xid.getBranchQualifier())) return true;
    }
    return false;
  }

  private static void holds(Desk desk, String... texts) throws Exception {
    Expect.equal(List.of(texts), browse(desk.auto(), desk.queue()));
  }

  private static void failsWith(int code, Expect.Action action) {
    Expect.equal(code, Expect.fails(XAException.class, action).errorCode);
  }

  static void addTo(Checklist list) {
    list.group("XA");
    sending(list);
    prepared(list);
    receiving(list);
    rules(list);
  }

  private static void sending(Checklist list) {
    list.check("start, end, prepare, commit", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a", "b");
      Expect.equal(XAResource.XA_OK, party.resource.prepare(xid(desk)));
      holds(desk);
      party.resource.commit(xid(desk), false);
      holds(desk, "a", "b");
    });
    list.check("commit in one phase", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      holds(desk);
      party.resource.commit(xid(desk), true);
      holds(desk, "a");
    });
    list.check("roll back before the prepare", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.resource.rollback(xid(desk));
      holds(desk);
    });
    list.check("roll back after the prepare", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.resource.prepare(xid(desk));
      party.resource.rollback(xid(desk));
      holds(desk);
      Expect.that(!isRecovered(party.resource, xid(desk)), "it is over");
    });
    list.check("two branches of one transaction", desk -> {
      Party one = Party.of(desk);
      Party two = Party.of(desk);
      Xid first = new Branch(desk.id, "1");
      Xid second = new Branch(desk.id, "2");
      one.sendIn(first, desk, "a");
      two.sendIn(second, desk, "b");
      one.resource.prepare(first);
      two.resource.prepare(second);
      one.resource.commit(first, false);
      holds(desk, "a");
      two.resource.commit(second, false);
      holds(desk, "a", "b");
    });
    list.check("suspend and resume", desk -> {
      Party party = Party.of(desk);
      Xid xid = xid(desk);
      party.resource.start(xid, XAResource.TMNOFLAGS);
      send(party.session, desk.queue(), "a");
      party.resource.end(xid, XAResource.TMSUSPEND);
      party.resource.start(xid, XAResource.TMRESUME);
      send(party.session, desk.queue(), "b");
      party.resource.end(xid, XAResource.TMSUCCESS);
      party.resource.commit(xid, true);
      holds(desk, "a", "b");
    });
    list.check("the work of two connections joined in one branch", desk -> {
      Party one = Party.of(desk);
      Party two = new Party(one.connection, one.connection.createXASession(), null);
      XAResource resource = two.session.getXAResource();
      Xid xid = xid(desk);
      one.resource.start(xid, XAResource.TMNOFLAGS);
      resource.start(xid, XAResource.TMJOIN);
      send(one.session, desk.queue(), "a");
      send(two.session, desk.queue(), "b");
      resource.end(xid, XAResource.TMSUCCESS);
      one.resource.end(xid, XAResource.TMSUCCESS);
      one.resource.commit(xid, true);
      holds(desk, "a", "b");
    });
  }

  private static void prepared(Checklist list) {
    list.check("recover lists what is prepared", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      Expect.that(!isRecovered(party.resource, xid(desk)), "not prepared yet");
      party.resource.prepare(xid(desk));
      Expect.that(isRecovered(Party.of(desk).resource, xid(desk)), "another connection sees it");
      party.resource.rollback(xid(desk));
    });
    list.check("a prepared branch outlives its connection; another one commits", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.resource.prepare(xid(desk));
      party.connection.close();
      Party manager = Party.of(desk);
      Expect.that(isRecovered(manager.resource, xid(desk)), "it is in doubt");
      manager.resource.commit(xid(desk), false);
      holds(desk, "a");
      Expect.that(!isRecovered(manager.resource, xid(desk)), "it is over");
    });
    list.check("a prepared branch outlives its connection; another one rolls back", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.resource.prepare(xid(desk));
      party.connection.close();
      Party.of(desk).resource.rollback(xid(desk));
      holds(desk);
    });
    list.check("a branch that is not prepared ends with its connection", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.connection.getTransport().stop();
      Party manager = Party.of(desk);
      Desk.eventually("it is unknown", () -> {
        try {
          manager.resource.commit(xid(desk), false);
          return false;
        } catch (XAException unknown) {
          return true;
        }
      });
      holds(desk);
    });
    list.check("forget of a prepared branch", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      party.resource.prepare(xid(desk));
      party.resource.forget(xid(desk));
      Expect.that(!isRecovered(party.resource, xid(desk)), "it is forgotten");
      holds(desk);
    });
  }

  private static void receiving(Checklist list) {
    list.check("a receive is undone by a roll back and done by a commit", desk -> {
      send(desk.auto(), desk.queue(), "a");
      for (boolean isCommitted : new boolean[] {false, true}) {
        Party party = Party.of(desk);
        Xid xid = new Branch(desk.id, String.valueOf(isCommitted));
        party.resource.start(xid, XAResource.TMNOFLAGS);
        MessageConsumer consumer = party.session.createConsumer(desk.queue());
        texts(consumer, "a");
        party.resource.end(xid, XAResource.TMSUCCESS);
        party.resource.prepare(xid);
        if (isCommitted) party.resource.commit(xid, false);
        else party.resource.rollback(xid);
        party.connection.close();
      }
      Expect.equal(null, desk.auto(PULL).createConsumer(desk.queue()).receiveNoWait());
    });
    list.check("a receive that is prepared goes to nobody else until it is rolled back", desk -> {
      send(desk.auto(), desk.queue(), "a");
      Party party = Party.of(desk);
      Xid xid = xid(desk);
      party.resource.start(xid, XAResource.TMNOFLAGS);
      texts(party.session.createConsumer(desk.queue()), "a");
      party.resource.end(xid, XAResource.TMSUCCESS);
      party.resource.prepare(xid);
      party.connection.close();
      MessageConsumer other = desk.auto(PULL).createConsumer(desk.queue());
      Expect.equal(null, other.receiveNoWait());
      Party.of(desk).resource.rollback(xid);
      texts(other, "a");
    });
  }

  private static void rules(Checklist list) {
    list.check("a branch without work is read-only", desk -> {
      Party party = Party.of(desk);
      Xid xid = xid(desk);
      party.resource.start(xid, XAResource.TMNOFLAGS);
      party.resource.end(xid, XAResource.TMSUCCESS);
      Expect.equal(XAResource.XA_RDONLY, party.resource.prepare(xid));
    });
    list.check("commit of an unknown branch fails with XAER_NOTA", desk -> {
      Party party = Party.of(desk);
      failsWith(XAException.XAER_NOTA, () -> party.resource.commit(xid(desk), false));
    });
    list.check("prepare of an unknown branch fails", desk -> {
      Party party = Party.of(desk);
      Expect.fails(XAException.class, () -> party.resource.prepare(xid(desk)));
    });
    list.check("roll back of an unknown branch fails with XAER_NOTA", desk -> {
      Party party = Party.of(desk);
      failsWith(XAException.XAER_NOTA, () -> party.resource.rollback(xid(desk)));
    });
    list.check("commit in two phases without a prepare fails with XAER_PROTO", desk -> {
      Party party = Party.of(desk);
      party.sendIn(xid(desk), desk, "a");
      failsWith(XAException.XAER_PROTO, () -> party.resource.commit(xid(desk), false));
      holds(desk);
    });
    list.check("two resources of one broker are of one manager", desk -> {
      Expect.that(Party.of(desk).resource.isSameRM(Party.of(desk).resource), "same manager");
    });
    list.check("a session works alone between branches", desk -> {
      Party party = Party.of(desk);
      party.sendIn(new Branch(desk.id, "1"), desk, "a");
      party.resource.commit(new Branch(desk.id, "1"), true);
      party.sendIn(new Branch(desk.id, "2"), desk, "b");
      party.resource.commit(new Branch(desk.id, "2"), true);
      holds(desk, "a", "b");
    });
  }
}
