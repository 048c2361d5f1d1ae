"""Raptorch against PyTorch in short slices: a shared machine changes its speed within seconds, and then whole runs one
after the other compare the machine with itself.

    python bench/interleaved.py PATH/bench_torch.py [--threads 1,2] [--only A,F2] [--rounds 5] [--workloads FILE]

For each workload a slice of PyTorch and a slice of Raptorch in turn, `rounds` times; prints the median of either's
times, and the median, the smallest and the largest ratio of two neighbouring slices (above 1: Raptorch is faster).
`bench_torch.py` is PyTorch's side of the workloads: it defines `make(workload)`, which returns a step first.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
SECONDS = 0.15


def torch_steps(path, threads, workloads):
    """PyTorch's `make`, from a script that parses its own arguments and, given no workload, runs none."""
    sys.argv = [path, str(threads), os.devnull, "--workloads", workloads, "--only", "none of them"]
    script = {"__name__": "__main__", "__file__": path}
    with open(path) as source:
        exec(compile(source.read(), path, "exec"), script)
    return script["make"]


def torch_slice(step):
    """The median time of a step over a slice, in ms."""
    begin = time.perf_counter()
    step()
    inner = max(1, int(1e-3 / max(time.perf_counter() - begin, 1e-7)))
    samples, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(samples) < 3:
        begin = time.perf_counter()
        for _ in range(inner):
            step()
        samples.append((time.perf_counter() - begin) / inner * 1e3)
    return statistics.median(samples)


class Raptorch:
    """bench/run.ts --serve."""

    def __init__(self, threads, workloads):
        command = ["deno", "run", "-A", os.path.join(here, "run.ts"), "--serve"]
        command += ["--threads", str(threads), "--workloads", workloads]
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(command, text=True, **pipes)

    def slice(self, name):
        self.process.stdin.write(json.dumps({"id": name, "seconds": SECONDS}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(path, threads, only, rounds, workloads):
    make, raptorch, logs = torch_steps(path, threads, workloads), Raptorch(threads, workloads), []
    print(f"\n{threads} thread{'s' * (threads > 1)}: workload, PyTorch ms, Raptorch ms, ratio [smallest largest]")
    for workload in json.load(open(workloads))["workloads"]:
        name = workload["id"]
        if only and not any(name.startswith(prefix) for prefix in only):
            continue
        step = make(workload)[0]
        for _ in range(3):
            step()
        raptorch.slice(name)
        theirs, ours = [], []
        for _ in range(rounds):
            theirs.append(torch_slice(step))
            if threads > 1:
                time.sleep(0.25)  # PyTorch's other threads go on polling for a while
            ours.append(raptorch.slice(name))
        ratios = [a / b for a, b in zip(theirs, ours)]
        ratio = statistics.median(ratios)
        logs.append((math.log(ratio), name))
        print(
            f"{name:38s} {statistics.median(theirs):10.4f} {statistics.median(ours):10.4f} {ratio:7.2f}"
            f"  [{min(ratios):.2f} {max(ratios):.2f}]",
            flush=True,
        )
    raptorch.close()
    below = [name for log, name in logs if log < 0]
    print(f"geometric mean {math.exp(statistics.mean(log for log, _ in logs)):.2f}; below 1: {', '.join(below) or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("torch")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workloads", default=os.path.join(here, "workloads.json"))
    options = parser.parse_args()
    prefixes = [prefix for prefix in options.only.split(",") if prefix]
    for count in options.threads.split(","):
        compare(options.torch, int(count), prefixes, options.rounds, os.path.abspath(options.workloads))
