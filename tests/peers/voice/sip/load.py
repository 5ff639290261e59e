#!/usr/bin/env python3
"""How many calls the gateway bears: sipp as callers on the same cores, figures from the kernel and from the gateway.

Usage: load.py PATH-TO-VERIGATE [CALLS-AT-ONCE]. Needs root (sipp plays keys as raw packets). Prints one line for each figure.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
VERIGATE = os.path.abspath(sys.argv[1])
AT_ONCE = int(sys.argv[2]) if len(sys.argv) > 2 else 975
TICK = os.sysconf("SC_CLK_TCK")


def used(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/status") as file:
        memory = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024
    return (int(fields[11]) + int(fields[12])) / TICK, memory


def metrics(http):
    with urllib.request.urlopen(f"http://{http}/metrics", timeout=30) as answer:
        return answer.read().decode()


def total(text, name, *parts):
    lines = [line for line in text.splitlines() if line.startswith(name) and all(part in line for part in parts)]
    return sum(float(line.split()[-1]) for line in lines)


def sipp(gateway, scenario, calls, rate, scratch, keys=None):
    arguments = ["sipp", gateway, "-sf", f"{HERE}/{scenario}.xml", "-s", "12365", "-i", "127.0.0.1", "-p", "6060",
                 "-mp", "30000", "-m", str(calls), "-r", str(rate), "-l", "20000", "-nostdin", "-timeout", "240"]
    if keys:
        with open(f"{scratch}/keys.csv", "w") as file:
            file.write("SEQUENTIAL\n" + "".join(f"{each};\n" for each in keys))
        arguments += ["-inf", f"{scratch}/keys.csv"]
    return subprocess.Popen(arguments, cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    scratch = tempfile.mkdtemp()
    out = open(f"{scratch}/out", "w")
    arguments = [VERIGATE, "demo", "--dir", f"{scratch}/demo", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0",
                   "--sip", "127.0.0.1:0", "--kiosk", "127.0.0.1:0"]
    program = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT)
    try:
        while "\nready\n" not in open(out.name).read():
            assert program.poll() is None, open(out.name).read()
            time.sleep(0.1)
        samples = json.load(open(f"{scratch}/demo/samples.json"))
        http, sip = samples["listen"]["http"], samples["listen"]["sip"]
        codes = [code for sample in samples["samples"] if sample["verdict"] == "genuine_first" for code in sample["codes"]
                 if len(code) == 20 and code.isdigit()]
        # A call lasts about as long as its keys, the verdict and the silence after it; seen: 34 to 41 s. Were it reckoned
        # shorter, the gateway's own limit of calls would turn some away.
        length = 40
        calls, rate = AT_ONCE * 2, max(1, AT_ONCE // length)
        before, began = metrics(http), time.monotonic()
        start, _ = used(program.pid)
        callers = sipp(sip, "digits", calls, rate, scratch, codes)
        active, memory, spoken, cores = 0, 0, [], []
        last = (time.monotonic(), start)
        while callers.poll() is None:
            text = metrics(http)
            now = total(text, "verigate_calls_active ")
            cpu, rss = used(program.pid)
            active, memory = max(active, now), max(memory, rss)
            at = time.monotonic()
            if now > 0.9 * active:
                cores.append((cpu - last[1]) / (at - last[0]))
            last = (at, cpu)
            asked = subprocess.run([VERIGATE, "call", "simulate", codes[0], "--gateway", sip, "--longest", "12"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            found = re.search(rb"spoken to (\d+) ms", asked.stdout)
            if found:
                spoken.append(int(found.group(1)))
        text = metrics(http)
        more = lambda name, *parts: total(text, name, *parts) - total(before, name, *parts)
        verdicts = more("verigate_verdicts_total{", 'channel="voice"')
        wrong = more("verigate_verdicts_total{", 'channel="voice"', 'verdict="unknown"')
        print(f"calls {calls}, at once at most {active:.0f}, in {time.monotonic() - began:.0f} s")
        print(f"cores while at most {max(cores or [0]):.2f}, mean near the most {sum(cores) / max(1, len(cores)):.2f}; resident at most {memory:.0f} MB")
        print(f"numbers told of {verdicts:.0f} (beside {len(spoken)} simulated callers), unknown {wrong:.0f}")
        print(f"packets sent {more('verigate_call_packets_total '):.0f}, more than 10 ms late {more('verigate_call_packets_late_total '):.0f}")
        if spoken:
            spoken.sort()
            print(f"last key to first sound: median {spoken[len(spoken) // 2]} ms, most {spoken[-1]} ms of {len(spoken)}")
    finally:
        program.terminate()
        program.wait(60)


main()
