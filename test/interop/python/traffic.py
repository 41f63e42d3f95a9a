"""A stomp.py client as applications write it: connects to both brokers of a pair, and again when the connection breaks.

traffic.py PRIMARY_PORT REPLICA_PORT produce NAME DESTINATION GROUP_SIZE
traffic.py PRIMARY_PORT REPLICA_PORT consume DESTINATION ACK_MODE GROUP_SIZE

Says in a JSON object a line what was confirmed, and what arrived. A group above 1 is a transaction. Ends with its input.
"""

import json
import queue
import sys
import threading

import stomp

primary_port, replica_port, role, *arguments = sys.argv[1:]
brokers = [("127.0.0.1", int(primary_port)), ("127.0.0.1", int(replica_port))]
stopping = threading.Event()
# A broker that dies may accept a last connection, and resets it.
failures = (OSError, stomp.exception.StompException)


def say(**line):
    print(json.dumps(line), flush=True)


def connection_to_pair():
    return stomp.Connection12(
        brokers,
        heartbeats=(5000, 5000),
        reconnect_sleep_initial=0.01,
        reconnect_sleep_increase=0.5,
        reconnect_sleep_max=0.25,
        reconnect_attempts_max=-1,
    )


class Receipts(stomp.ConnectionListener):
    """Hands on what the broker confirmed, and a None when the connection broke."""

    def __init__(self):
        self.news = queue.Queue()

    def on_receipt(self, frame):
        self.news.put(frame.headers["receipt-id"])

    def on_disconnected(self):
        self.news.put(None)


def produce(name, destination, group_size):
    size = int(group_size)
    number, attempt = 0, 1
    while not stopping.is_set():
        receipts = Receipts()
        connection = connection_to_pair()
        connection.set_listener("receipts", receipts)
        try:
            connection.connect(wait=True)
        except failures:
            stopping.wait(0.02)
            continue
        while not stopping.is_set():
            group = [dict(producer=name, number=number + index, attempt=attempt) for index in range(size)]
            if not send(connection, receipts, destination, group):
                attempt += 1
                break
            say(confirmed=group)
            number, attempt = number + size, 1
    say(stopped=True)


def send(connection, receipts, destination, group):
    """Whether it was confirmed before the connection broke."""
    receipt = "{producer}-{number}-{attempt}".format(**group[0])
    try:
        if len(group) == 1:
            send_one(connection, destination, group[0], receipt=receipt)
        else:
            transaction = connection.begin()
            for sending in group:
                send_one(connection, destination, sending, transaction=transaction)
            connection.commit(transaction, receipt=receipt)
    except failures:
        return False
    while True:
        news = receipts.news.get()
        if news is None or news == receipt:
            return news is not None


def send_one(connection, destination, sending, **headers):
    labels = {"x-" + key: str(value) for key, value in sending.items()}
    connection.send(destination, "message %d" % sending["number"], persistent="true", **labels, **headers)


class Consumer(stomp.ConnectionListener):
    def __init__(self, connection, destination, mode, group_size):
        self.connection = connection
        self.destination = destination
        self.mode = mode
        self.group_size = group_size
        self.group = []

    def start(self):
        self.group = []
        self.connection.connect(wait=True)
        self.connection.subscribe(self.destination, id="1", ack=self.mode)

    def on_message(self, frame):
        say(headers=frame.headers)
        if self.mode == "auto":
            return
        self.group.append(frame.headers["ack"])
        if len(self.group) < self.group_size:
            return
        try:
            self.acknowledge()
        except failures:
            pass
        self.group = []

    def acknowledge(self):
        if self.mode == "client":
            self.connection.ack(self.group[-1])
        elif len(self.group) == 1:
            self.connection.ack(self.group[0])
        else:
            transaction = self.connection.begin()
            for message in self.group:
                self.connection.ack(message, transaction)
            self.connection.commit(transaction)


def consume(destination, mode, group_size):
    connection = connection_to_pair()
    consumer = Consumer(connection, destination, mode, int(group_size))
    connection.set_listener("consumer", consumer)
    while not stopping.wait(0.02):
        if not connection.is_connected():
            try:
                consumer.start()
            except failures:
                pass


threading.Thread(target={"produce": produce, "consume": consume}[role], args=arguments, daemon=True).start()
for line in sys.stdin:
    stopping.set()
