// Runs Workers for the tests, on the Workers runtime and on a clock that the tests move.
//
// POST /start {modules, bindings, d1, queue} -> {worker}; /scheduled {worker, at, cron},
// /queue {worker, at, queue, messages}, /sql {worker, sql}, /stop {worker}. A call may break parts:
// {broken: ["d1", "queue"]}; it answers what the handler did and what it sent to the queue.
// The server prints its port, and ends when its standard input does.

import { createServer } from "node:http";
import { Miniflare, Response } from "miniflare";

const CLOCK = `
let now = 0;
globalThis.Date = class extends Date {
  constructor(...given) { given.length ? super(...given) : super(now); }
  static now() { return now; }
};
export function move(milliseconds) { now = milliseconds; }
`;

// The entry that runs: the Worker with the clock, and a queue and a D1 that can be broken.
const ENTRY = `
import { move } from "./clock.js";
import worker from "./worker.js";

const broken = () => { throw new Error("internal error; reference = 0"); };

async function outfitted(env) {
  const { queue, parts } = await (await env.HARNESS.fetch("http://harness/parts")).json();
  const send = async (body, options) => {
    if (parts.includes("queue")) broken();
    await env.HARNESS.fetch("http://harness/sent", {
      method: "POST", body: JSON.stringify({ body, ...options }),
    });
  };
  const DB = parts.includes("d1") ? { prepare: broken, batch: broken } : env.DB;
  return { ...env, DB, RETRY: queue ? { send } : undefined };
}

// Ends when all that the handler waits for has ended.
async function run(handler, given, env) {
  const pending = [];
  await handler(given, await outfitted(env), { waitUntil: (promise) => pending.push(promise) });
  while (pending.length) await pending.shift();
}

export default {
  async scheduled(controller, env) {
    move(controller.scheduledTime);
    await run(worker.scheduled, controller, env);
  },
  async queue(batch, env) {
    move(batch.messages[0].timestamp.getTime());
    await run(worker.queue, batch, env);
  },
};
`;

class Running {
  constructor({ modules, bindings, d1, queue }) {
    this.queue = queue;
    this.parts = [];
    this.sent = [];
    const all = { "entry.js": ENTRY, "clock.js": CLOCK, ...modules };
    this.miniflare = new Miniflare({
      modules: Object.entries(all).map(([path, contents]) => ({ type: "ESModule", path, contents })),
      compatibilityDate: "2026-07-30",
      bindings,
      d1Databases: d1 ? ["DB"] : [],
      serviceBindings: { HARNESS: (request) => this.answer(request) },
      cf: false,
    });
  }

  async answer(request) {
    if (request.method === "POST") {
      this.sent.push(await request.json());
      return new Response();
    }
    return Response.json({ queue: this.queue, parts: this.parts });
  }

  async call(broken, handler) {
    this.parts = broken;
    this.sent = [];
    const result = await handler(await this.miniflare.getWorker());
    return { ...result, sent: this.sent };
  }
}

const workers = [];

const routes = {
  async start(given) {
    const worker = workers.push(new Running(given)) - 1;
    await workers[worker].miniflare.ready;
    return { worker };
  },
  scheduled({ worker, at, cron, broken = [] }) {
    const given = { scheduledTime: new Date(at), cron };
    return workers[worker].call(broken, (target) => target.scheduled(given));
  },
  queue({ worker, at, queue, messages, broken = [] }) {
    const given = messages.map((message) => ({ timestamp: new Date(at), ...message }));
    return workers[worker].call(broken, (target) => target.queue(queue, given));
  },
  async sql({ worker, sql }) {
    const database = await workers[worker].miniflare.getD1Database("DB");
    const { results } = await database.prepare(sql).all();
    return { results };
  },
  async stop({ worker }) {
    await workers[worker].miniflare.dispose();
    return {};
  },
};

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    const answer = await routes[request.url.slice(1)](JSON.parse(Buffer.concat(parts)));
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
