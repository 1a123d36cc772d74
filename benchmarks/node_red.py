"""Node-RED from npm, doing what a flow for signed events would do: check each signature and keep the octets in SQLite.

Three function nodes: one gives the events of a file one by one, one checks them with node's crypto, one keeps them with
node-red-node-sqlite's own driver (write-ahead log, synchronous=FULL), one transaction for as many as ours. What counts
is the CPU of its process between the first event and the last commit, without its start.

It is installed once into a cache folder by a `--full` run (its SQLite driver may be compiled, which takes minutes).
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud.ingest.service import Message

_PACKAGES: Final = ("node-red@4", "node-red-node-sqlite@1")
_INSTALL_S: Final = 900.0
_DEADLINE_S: Final = 120.0
_LOOK_S: Final = 0.2

_FEED: Final = """
const fs = global.get('fs'), work = JSON.parse(fs.readFileSync(env.get('LAMPLIGHT_WORK')));
global.set('work', work);
global.set('began', global.get('process').cpuUsage());
for (const [gateway, hex] of work.events) node.send({gateway, payload: Buffer.from(hex, 'hex')});
"""
_CHECK: Final = """
const crypto = global.get('crypto');
let keys = context.get('keys');
if (!keys) {
  keys = {};
  for (const [id, pem] of Object.entries(global.get('work').keys)) keys[id] = crypto.createPublicKey(pem);
  context.set('keys', keys);
}
const sealed = msg.payload, end = sealed.length - 66, head = sealed[17];
const start = head === 0x58 ? 19 : head === 0x59 ? 20 : 18;
const signed = Buffer.concat([
  Buffer.from('846a5369676e617475726531', 'hex'), Buffer.from([0x4d]), sealed.subarray(3, 16),
  Buffer.from([0x49]), Buffer.from('lw1:event'), sealed.subarray(17, end)]);
const key = {key: keys[msg.gateway], dsaEncoding: 'ieee-p1363'};
if (start < end && crypto.verify('sha256', signed, key, sealed.subarray(end + 2))) return msg;
return null;
"""
_KEEP: Final = """
const work = global.get('work');
let rows = context.get('rows');
if (!rows) {
  const sqlite3 = global.get('sqlite3'), db = new sqlite3.Database(work.database);
  db.serialize();
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ' +
          'CREATE TABLE intake (arrival INTEGER PRIMARY KEY, gateway TEXT, sealed BLOB UNIQUE)');
  context.set('db', db); context.set('kept', 0); rows = []; context.set('rows', rows);
}
rows.push([msg.gateway, msg.payload]);
const kept = context.get('kept') + 1, db = context.get('db');
context.set('kept', kept);
if (rows.length < work.batch && kept < work.events.length) return null;
db.run('BEGIN IMMEDIATE');
const insert = db.prepare('INSERT OR IGNORE INTO intake (gateway, sealed) VALUES (?, ?)');
for (const row of rows) insert.run(row);
insert.finalize();
db.run('COMMIT');
rows.length = 0;
if (kept === work.events.length) db.get('SELECT count(*) AS kept FROM intake', (error, row) => {
  const used = global.get('process').cpuUsage(global.get('began'));
  const told = {kept: error ? 0 : row.kept, cpu_s: (used.user + used.system) / 1e6};
  global.get('fs').writeFileSync(work.result + '.new', JSON.stringify(told));
  global.get('fs').renameSync(work.result + '.new', work.result);
});
return null;
"""
_SETTINGS: Final = """
module.exports = {
  uiPort: 0, uiHost: '127.0.0.1', httpAdminRoot: false, httpNodeRoot: false, flowFile: 'flows.json',
  userDir: __dirname, credentialSecret: false, logging: {console: {level: 'warn'}}, contextStorage: undefined,
  functionGlobalContext: {
    process, fs: require('fs'), crypto: require('crypto'), sqlite3: require(process.env.LAMPLIGHT_SQLITE),
  },
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What Node-RED made of it: events per CPU second, or none and why."""

    rate: float | None
    told: str


def events_per_cpu_s(pems: Mapping[str, str], messages: Sequence[Message], batch: int, *, install: bool) -> Peer:
    """Let Node-RED take the same events; `pems` are the gateways' public keys."""
    node, folder = shutil.which("node"), _folder()
    if node is None:
        return Peer(rate=None, told="there is no node")
    if not (folder / "node_modules" / "node-red").is_dir() and not (install and _installed(folder)):
        return Peer(rate=None, told="not installed; --full installs it where npm can")
    with tempfile.TemporaryDirectory() as place:
        told = _run(node, folder, Path(place), pems, messages, batch)
    if told is None or told["kept"] != len(messages):
        return Peer(rate=None, told=f"it kept {told and told['kept']} of {len(messages)} events")
    return Peer(rate=len(messages) / told["cpu_s"], told="signature and SQLite alone")


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "lamplight" / "node-red"


def _installed(folder: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    try:
        ended = subprocess.run([npm, "install", *quiet, *_PACKAGES], cwd=folder, timeout=_INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def _run(
    node: str, folder: Path, place: Path, pems: Mapping[str, str], messages: Sequence[Message], batch: int
) -> dict[str, float] | None:
    result = place / "result.json"
    work = {
        "keys": dict(pems),
        "events": [[message.topic.split("/")[2], message.payload.hex()] for message in messages],
        "batch": batch,
        "database": str(place / "node-red.sqlite"),
        "result": str(result),
    }
    (place / "work.json").write_text(json.dumps(work))
    (place / "settings.js").write_text(_SETTINGS)
    (place / "flows.json").write_text(json.dumps(_flows()))
    modules = folder / "node_modules"
    around = {"LAMPLIGHT_WORK": str(place / "work.json"), "LAMPLIGHT_SQLITE": str(modules / "sqlite3")}
    command = [node, str(modules / "node-red" / "red.js"), "--settings", str(place / "settings.js")]
    process = subprocess.Popen(
        command, cwd=place, env=os.environ | around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end_s = time.monotonic() + _DEADLINE_S
        while not result.exists() and process.poll() is None and time.monotonic() < end_s:
            time.sleep(_LOOK_S)
    finally:
        process.kill()
        process.wait()
    told: dict[str, float] | None = json.loads(result.read_text()) if result.exists() else None
    return told


def _flows() -> list[dict[str, object]]:
    begin = {"id": "begin", "type": "inject", "z": "flow", "once": True, "onceDelay": 1, "props": [], "repeat": ""}
    functions = [_function("feed", _FEED, "check"), _function("check", _CHECK, "keep"), _function("keep", _KEEP, None)]
    return [{"id": "flow", "type": "tab", "label": "ingest"}, begin | {"wires": [["feed"]]}, *functions]


def _function(name: str, code: str, then: str | None) -> dict[str, object]:
    wires = [[] if then is None else [then]]
    return {"id": name, "type": "function", "z": "flow", "func": code, "outputs": 1, "libs": [], "wires": wires}
