"""
Label a watch while it sends
============================

A watch sends its samples over a network, in packets that are late, sent twice or lost. This
example starts a server that behaves like such a watch, and labels what arrives while it arrives.
Both run in this process and talk through a socket on 127.0.0.1.
"""

# %%
# A classifier
# ------------
# It learns four activities of eight people. A :class:`~m3n_sklearn.deploy.Runner` of an exported
# model works in the same place, and needs no torch.
from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.datasets import make_wrist_har

activities = ["clap", "knock", "stir", "walk"]
train = make_wrist_har(8, 2, activities, random_state=0)
classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
classifier.fit(train.X, train.y)

# %%
# What the watch measures
# -----------------------
# Another person does one activity after the other, for about half a minute each.
import numpy as np

rate = 50.0
person = make_wrist_har(1, 6, activities, random_state=1)
clips = sorted(person.recordings, key=lambda clip: activities.index(clip.labels[0]))
samples = np.concatenate([clip.data for clip in clips])
truth = np.concatenate([clip.labels for clip in clips])
times = np.arange(len(samples)) / rate
print(f"{len(samples)} samples, {times[-1]:.0f} s")

# %%
# What the watch sends
# --------------------
# One line for each sample: nanoseconds since the watch was switched on, acceleration in m/s² and
# angular rate in rad/s. The clock jitters by 2 ms. Packets contain 5 to 40 samples. Some packets
# arrive in the wrong order, some twice, and for five seconds the connection is lost.
rng = np.random.default_rng(0)
BOOT = 86_400  # the watch was switched on a day ago
stamps = (BOOT + times + rng.uniform(-0.002, 0.002, len(times))) * 1e9
lost = (times > 60) & (times < 65)
packets = np.array_split(
    np.flatnonzero(~lost), np.cumsum(rng.integers(5, 41, len(times)))[: len(times) // 25]
)
packets = [packet for packet in packets if len(packet)]
order = list(range(len(packets)))
for k in range(10, len(order) - 1, 23):  # late by one packet
    order[k], order[k + 1] = order[k + 1], order[k]
for k in range(len(order) - 5, 0, -31):  # sent twice
    order.insert(k, order[k])


def line_of(k):
    """Return a sample as the watch writes it."""
    return f"{stamps[k]:.0f}," + ",".join(f"{value:.4f}" for value in samples[k]) + "\n"


def send(connection):
    """Send all packets, faster than a watch would."""
    with connection:
        for number in order:
            connection.sendall("".join(map(line_of, packets[number])).encode())


# %%
# The server
# ----------
# It listens on this machine only, and sends to the first client.
import socket
import threading

server = socket.create_server(("127.0.0.1", 0))
server.settimeout(60)  # an example never waits forever
threading.Thread(target=lambda: send(server.accept()[0]), daemon=True).start()

# %%
# The client
# ----------
# It reads lines and pushes them. Each window is labeled as soon as its last sample has arrived and
# two seconds have passed for late packets. A file that another program appends to can be read in
# the same way, see :doc:`/user_guide/stream`.
from m3n_sklearn.deploy import StreamingClassifier

stream = StreamingClassifier(classifier, rate=rate, hop=1.28, wait=2.0)
found = []
with socket.create_connection(server.getsockname(), timeout=60) as connection:
    for line in connection.makefile("r"):
        stamp, *values = map(float, line.split(","))
        for window in stream.push(stamp / 1e9 - BOOT, values):
            found.append(window)
            if len(found) % 10 == 1:
                print(f"{window.start:6.1f} s  {window.label:6s} {max(window.proba):.2f}")
found += stream.flush()
server.close()
print(f"{len(found)} windows; samples: {stream.late_} late, {stream.repeated_} repeated")
print(f"gaps: {stream.gaps_}")

# %%
# What came out
# -------------
# No window reaches over the gap. Labels at the change from one activity to the next belong to
# windows that contain both.
import matplotlib.pyplot as plt

middle = np.array([(window.start + window.end) / 2 for window in found])
proba = np.array([window.proba for window in found])
expected = truth[np.clip((middle * rate).astype(int), 0, len(truth) - 1)]
agreement = np.mean(np.array([window.label for window in found]) == expected)
print(f"agreement with the truth: {agreement:.2f}")

figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(9, 4.5), layout="constrained")
codes = np.searchsorted(classifier.classes_, truth)
kept = np.where(lost, np.nan, codes)
top.plot(times, kept, color="0.75", linewidth=8, solid_capstyle="butt", label="truth")
labels = np.searchsorted(classifier.classes_, [window.label for window in found])
top.plot(middle, labels, ".", color="C0", label="label of a window")
top.set_yticks(range(len(classifier.classes_)), classifier.classes_)
top.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=2, frameon=False)
colors = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
for label, column, color in zip(classifier.classes_, proba.T, colors, strict=True):
    cut_at_gap = np.insert(column, np.flatnonzero(np.diff(middle) > 3) + 1, np.nan)
    when = np.insert(middle, np.flatnonzero(np.diff(middle) > 3) + 1, np.nan)
    bottom.plot(when, cut_at_gap, color=color, label=label)
bottom.set(xlabel="time in s", ylabel="probability")
bottom.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
top.text(62.5, 1.5, "lost", ha="center", va="center", color="0.4")
for axes in (top, bottom):
    axes.axvspan(60, 65, color="0.93")
