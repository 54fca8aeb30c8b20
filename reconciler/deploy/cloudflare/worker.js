// The wake source on Cloudflare: in each due minute it asks the dispatcher on Modal for a wake.
//
// What is due stands in data.js, which `reconcile` writes. A wake processes every due occurrence,
// so this Worker decides only when there is a wake: a lost one is made up, a doubled one is
// harmless. A POST comes first and D1 afterwards: when D1 is down, only the log is incomplete.

import data from "./data.js";

const MINUTES_PER_DAY = 1440;
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
// Modal answers a slow call with a redirect after 150 s.
const TIMEOUT_MS = 170_000;
const LOG_MS = 30 * 86_400_000;
const LONGEST_DELAY_S = 3_600;
// Too early, too many, and "the first request with this id is still in progress".
const RETRIED = [408, 409, 425, 429];

export default {
  async scheduled(controller, env, ctx) {
    // This Worker retries by itself.
    controller.noRetry();
    const minute = Math.floor(controller.scheduledTime / 60_000);
    const jobs = data.mode === "triggers" ? data.crons[controller.cron] : undefined;
    const asked = jobs ? trigger(minute, controller.cron, jobs) : wake(minute);
    if (data.mode === "triggers" || isDue(minute)) {
      await deliver(env, ctx, asked, minute);
    } else {
      ctx.waitUntil(makeUp(env, ctx, minute));
    }
  },

  async queue(batch, env, ctx) {
    for (const message of batch.messages) {
      const exhausted = batch.queue === env.DEAD_QUEUE;
      if (exhausted) {
        ctx.waitUntil(record(env, message.body, message.attempts, { outcome: "exhausted" }));
        message.ack();
        continue;
      }
      const answer = await post(env, message.body);
      ctx.waitUntil(record(env, message.body, message.attempts + 1, answer));
      if (answer.outcome === "failed") {
        const delaySeconds = Math.min(30 * 2 ** message.attempts, LONGEST_DELAY_S);
        message.retry({ delaySeconds });
      } else {
        message.ack();
      }
    }
  },
};

// Whether something is due in a minute. One character holds six minutes of a day.
function isDue(minute) {
  const day = Math.floor(minute / MINUTES_PER_DAY);
  const at = minute % MINUTES_PER_DAY;
  const minutes = data.minutes[data.days[day - data.first]];
  if (minutes === undefined) {
    return true; // Before or after what the data covers, each tick asks for a wake.
  }
  return ((BASE64.indexOf(minutes[Math.floor(at / 6)]) >> (5 - (at % 6))) & 1) === 1;
}

function wake(minute) {
  const body = { minute: iso(minute), source: data.source };
  return message(`${data.source}-${minute}`, minute, "/wake", body);
}

function trigger(minute, cron, jobs) {
  const triggered_at = iso(minute);
  const body = { jobs: jobs.map((job) => ({ job, triggered_at, cron })), source: data.source };
  const id = `${data.source}-${minute}-${Object.keys(data.crons).indexOf(cron)}`;
  return message(id, minute, "/trigger", body);
}

function message(id, minute, path, body) {
  return { id, minute, path, body: JSON.stringify(body), triggered: Date.now() };
}

function iso(minute) {
  return new Date(minute * 60_000).toISOString().slice(0, 16) + "Z";
}

// POST a message; what fails goes to the queue, which repeats it under the same id.
async function deliver(env, ctx, message, until) {
  const answer = await post(env, message);
  let kept = answer.outcome !== "failed";
  if (!kept && env.RETRY) {
    try {
      await env.RETRY.send(message, { delaySeconds: 30 });
      kept = true;
    } catch {
      // The next tick makes it up.
    }
  }
  ctx.waitUntil(record(env, message, 1, answer, kept ? until : undefined));
}

// POST for the newest due minute that no tick has processed since the last one.
async function makeUp(env, ctx, minute) {
  const { processed = minute } = await read(env);
  const oldest = Math.max(processed, minute - MINUTES_PER_DAY);
  for (let missed = minute - 1; missed > oldest; missed -= 1) {
    if (isDue(missed)) {
      await deliver(env, ctx, wake(missed), minute);
      return;
    }
  }
  await run(env, [set("processed", minute)]);
}

async function post(env, message) {
  const { path, body } = message;
  const started = Date.now();
  try {
    const response = await fetch(new URL(path, env.URL), {
      method: "POST",
      headers: await headers(env, message, Math.floor(started / 1000)),
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = response.ok ? "" : (await response.text()).slice(0, 200);
    const { status } = response;
    return { outcome: outcomeOf(status), status, error: text, ms: Date.now() - started };
  } catch (error) {
    return { outcome: "failed", status: 0, error: String(error), ms: Date.now() - started };
  }
}

function outcomeOf(status) {
  // A redirect means that Modal has taken the request and works on it.
  if (status < 400) return "accepted";
  return status < 500 && !RETRIED.includes(status) ? "refused" : "failed";
}

// Standard Webhooks 1.0, Modal's proxy authentication, and when the cron trigger fired. A repeated
// message must have the same body, so the latter, which only the history shows, is a header.
async function headers(env, { id, body, triggered }, timestamp) {
  const found = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
  };
  if (triggered) {
    found["triggered-at"] = new Date(triggered).toISOString();
  }
  if (env.KEY) {
    found["webhook-signature"] = await signature(env.KEY, `${id}.${timestamp}.${body}`);
  }
  if (env.MODAL_KEY) {
    found["modal-key"] = env.MODAL_KEY;
    found["modal-secret"] = env.MODAL_SECRET;
  }
  return found;
}

async function signature(secret, text) {
  const bytes = Uint8Array.from(atob(secret.replace("whsec_", "")), (c) => c.charCodeAt(0));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return "v1," + btoa(String.fromCharCode(...new Uint8Array(mac)));
}

// Write an attempt to D1, and notify the recipients when none was accepted for long.
async function record(env, message, attempt, answer, processed) {
  const now = Date.now();
  const { outcome, status = 0, ms = 0, error = "" } = answer;
  const { failing = 0, notified = 0 } = await read(env);
  const changes = [
    [INSERT, message.id, message.minute, attempt, now, outcome, status, ms, error],
    ["DELETE FROM attempts WHERE at < ?", now - LOG_MS],
  ];
  if (processed !== undefined) {
    changes.push(set("processed", processed));
  }
  if (outcome === "accepted") {
    changes.push(set("failing", 0), set("notified", 0));
    if (notified) {
      await notify(env, "resolved", `Modal accepts the wakes of ${data.source} again.`);
    }
  } else if (!failing) {
    changes.push(set("failing", now));
  } else if (!notified && now - failing >= data.alert_after * 60_000) {
    const since = iso(Math.floor(failing / 60_000));
    await notify(env, "failed", `Modal accepted no wake of ${data.source} since ${since}. ${error}`);
    changes.push(set("notified", 1));
  }
  await run(env, changes);
}

const INSERT =
  "INSERT INTO attempts (id, minute, attempt, at, outcome, status, ms, error) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const SET =
  "INSERT INTO state (name, value) VALUES (?, ?) " +
  "ON CONFLICT (name) DO UPDATE SET value = excluded.value";

function set(name, value) {
  return [SET, name, value];
}

// The state by name; empty without D1, or when it does not answer.
async function read(env) {
  try {
    const { results = [] } = (await env.DB?.prepare("SELECT name, value FROM state").all()) ?? {};
    return Object.fromEntries(results.map(({ name, value }) => [name, value]));
  } catch {
    return {};
  }
}

async function run(env, statements) {
  try {
    await env.DB?.batch(statements.map(([sql, ...values]) => env.DB.prepare(sql).bind(...values)));
  } catch (error) {
    console.error("D1:", String(error));
  }
}

// Notify the recipients; Slack reads `text` alone.
async function notify(env, event, text) {
  for (const url of JSON.parse(env.RECIPIENTS ?? "[]")) {
    try {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ event, text, source: data.source });
      await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(30_000) });
    } catch (error) {
      console.error("notification:", String(error));
    }
  }
}
