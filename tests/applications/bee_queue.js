// Bee-Queue, a queue of jobs for many workers, on its own old version of node-redis. Run by run.sh.
//
// It moves jobs by scripts, so it needs a server that runs them.
"use strict";
const assert = require("node:assert/strict");
const Queue = require("bee-queue");
const { createClient } = require("redis");

const redis = { host: "127.0.0.1", port: Number(process.env.PORT) };

// The next event with this name, with its arguments; an error is never expected.
const next = (emitter, event) =>
    new Promise((resolve, reject) => {
        emitter.once(event, (...values) => resolve(values));
        emitter.once("error", reject);
    });

async function until(condition, what) {
    for (let i = 0; i < 500; ++i) {
        if (await condition()) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail(`not in time: ${what}`);
}

async function serverRunsScripts() {
    const client = await createClient({ socket: redis }).connect();
    const [evalsha] = await client.sendCommand(["COMMAND", "INFO", "evalsha"]);
    await client.flushAll();
    await client.close();
    return evalsha !== null;
}

async function main() {
    if (!(await serverRunsScripts())) {
        console.log("skipped: the server has no EVALSHA");
        process.exit(77);
    }
    const queues = [];
    const open = async (name, options = {}) => {
        const queue = new Queue(name, { redis, activateDelayedJobs: true, ...options });
        queue.on("error", (error) => {
            console.log(error);
            process.exit(1);
        });
        queues.push(queue);
        await queue.ready();
        return queue;
    };

    // Who asks and who works are on connections of their own, told of results by publish/subscribe.
    const asking = await open("sums", { isWorker: false });
    const working = await open("sums", { getEvents: false });
    working.process(3, async (job) => {
        job.reportProgress(50);
        if (job.data.fail) throw new Error("as it was told to");
        return job.data.left + job.data.right;
    });

    const job = asking.createJob({ left: 2, right: 3 });
    const finished = next(job, "succeeded");
    const halfway = next(job, "progress");
    await job.save();
    assert.deepEqual(await halfway, [50]);
    assert.deepEqual(await finished, [5]);

    // Many, of which some fail
    const jobs = Array.from({ length: 60 }, (_, i) => asking.createJob({ left: i, right: 1, fail: i % 10 === 0 }));
    const ends = jobs.map((each, i) => next(each, i % 10 === 0 ? "failed" : "succeeded"));
    const errors = await asking.saveAll(jobs);
    assert.equal(errors.size, 0);
    const results = await Promise.all(ends);
    results.forEach(([result], i) => {
        if (i % 10 === 0) assert.equal(result.message, "as it was told to");
        else assert.equal(result, i + 1);
    });
    await until(async () => (await asking.checkHealth()).active === 0, "no job is active");
    const health = await asking.checkHealth();
    assert.deepEqual([health.waiting, health.failed, health.succeeded, health.newestJob], [0, 6, 55, 61]);

    // A job that fails at first is tried again.
    const flaky = await open("flaky");
    let tries = 0;
    flaky.process(async () => {
        if (++tries < 3) throw new Error("not yet");
        return tries;
    });
    const retried = flaky.createJob({}).retries(4).backoff("immediate");
    const success = next(retried, "succeeded");
    const retrying = next(retried, "retrying");
    await retried.save();
    await retrying;
    assert.deepEqual(await success, [3]);

    // A job for later
    const later = await open("later");
    const begin = Date.now();
    later.process(async () => Date.now());
    const delayed = later.createJob({}).delayUntil(begin + 300);
    const done = next(delayed, "succeeded");
    await delayed.save();
    assert.equal((await later.checkHealth()).delayed, 1);
    const [when] = await done;
    assert.ok(when >= begin + 300, `${when - begin} ms`);

    // Jobs can be looked at and removed before anybody works on them.
    const idle = await open("idle", { isWorker: false });
    const kept = await idle.createJob({ n: 1 }).save();
    const removed = await idle.createJob({ n: 2 }).save();
    assert.deepEqual((await idle.getJob(kept.id)).data, { n: 1 });
    assert.equal((await idle.getJobs("waiting", { start: 0, end: 10 })).length, 2);
    await removed.remove();
    assert.equal((await idle.checkHealth()).waiting, 1);
    assert.equal(await idle.getJob(removed.id), null);
    await idle.destroy();
    assert.equal((await idle.checkHealth().catch(() => null))?.waiting ?? 0, 0);

    await Promise.all(queues.map((queue) => queue.close()));
}

main().then(
    () => process.exit(0),
    (error) => {
        console.log(error);
        process.exit(1);
    },
);
