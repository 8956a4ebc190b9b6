// ioredis: every family, as a program would use it. Run by run.sh.
"use strict";
const assert = require("node:assert/strict");
const { once } = require("node:events");
const Redis = require("ioredis");

const connect = (options = {}) => new Redis({ port: Number(process.env.PORT), ...options });
const redis = connect();
const other = connect();
const same = assert.deepEqual;

// Waits until a client is blocked in the command.
async function blocked(command) {
    for (let i = 0; i < 500; ++i) {
        if ((await redis.client("LIST")).includes(`cmd=${command} `)) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`no client is blocked in ${command}`);
}

async function collect(stream) {
    const all = [];
    for await (const part of stream) all.push(...part);
    return all;
}

const families = {
    async strings() {
        same(await redis.set("text", "Hello"), "OK");
        same(await redis.append("text", " world"), 11);
        same(await redis.getrange("text", 6, -1), "world");
        same(await redis.set("text", "x", "NX"), null);
        same(await redis.set("text", "new", "EX", 100, "GET"), "Hello world");
        same(await redis.mset({ a: 1, b: 2 }), "OK");
        same(await redis.mget("a", "b", "nothing"), ["1", "2", null]);
        same(await redis.incrby("a", 4), 5);
        same(await redis.incrbyfloat("a", 0.5), "5.5");
        same(await redis.getdel("a"), "5.5");
        same(await redis.lcs("text", "b"), "");
        same(await redis.getBuffer("text"), Buffer.from("new"));
        await redis.set("binary", Buffer.from([0, 255, 13, 10]));
        same(await redis.getBuffer("binary"), Buffer.from([0, 255, 13, 10]));
        await assert.rejects(redis.incr("text"), /not an integer/);
    },
    async bits() {
        same(await redis.setbit("bits", 7, 1), 0);
        same(await redis.getbit("bits", 7), 1);
        same(await redis.bitcount("bits"), 1);
        same(await redis.bitpos("bits", 1), 7);
        same(await redis.bitop("NOT", "flipped", "bits"), 1);
        same(await redis.bitfield("number", "SET", "u8", 0, 200, "OVERFLOW", "SAT", "INCRBY", "u8", 0, 100), [0, 255]);
    },
    async keys() {
        same(await redis.type("text"), "string");
        same(await redis.ttl("text"), 100);
        same(await redis.persist("text"), 1);
        same(await redis.pexpire("text", 50000, "GT"), 0);
        same(await redis.rename("text", "renamed"), "OK");
        same(await redis.copy("renamed", "text"), 1);
        same(await redis.exists("text", "renamed", "nothing"), 2);
        same(await redis.unlink("renamed"), 1);
        same(await redis.object("ENCODING", "text"), "embstr");
        await redis.psetex("short", 20, "x");
        while (await redis.exists("short")) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async lists() {
        same(await redis.rpush("list", "a", "b", "c"), 3);
        same(await redis.lpush("list", "z"), 4);
        same(await redis.lrange("list", 0, -1), ["z", "a", "b", "c"]);
        same(await redis.linsert("list", "BEFORE", "b", "ab"), 5);
        same(await redis.lpos("list", "ab"), 2);
        same(await redis.lrem("list", 0, "ab"), 1);
        same(await redis.lmove("list", "done", "RIGHT", "LEFT"), "c");
        same(await redis.lpop("list", 2), ["z", "a"]);
        same(await redis.lmpop(2, "nothing", "list", "LEFT"), ["list", ["b"]]);
        same(await redis.blpop("nothing", 0.01), null);
        let waiting = other.blpop("queue", "second", 10);
        await blocked("blpop");
        same(await redis.rpush("second", "job"), 1);
        same(await waiting, ["second", "job"]);
        waiting = other.blmove("queue", "done", "LEFT", "RIGHT", 10);
        await blocked("blmove");
        await redis.rpush("queue", "last");
        same(await waiting, "last");
        same(await redis.lrange("done", 0, -1), ["c", "last"]);
    },
    async hashes() {
        same(await redis.hset("hash", { name: "Ada", born: 1815 }), 2);
        same(await redis.hgetall("hash"), { name: "Ada", born: "1815" });
        same(await redis.hmget("hash", "name", "nothing"), ["Ada", null]);
        same(await redis.hincrby("hash", "born", 1), 1816);
        same(await redis.hdel("hash", "born"), 1);
        same(await redis.hkeys("hash"), ["name"]);
        same(await redis.hrandfield("hash", 1, "WITHVALUES"), ["name", "Ada"]);
        const large = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field ${i}`, String(i)]));
        same(await redis.hset("large", large), 1000);
        same(await redis.hgetall("large"), large);
        same(new Set(await collect(redis.hscanStream("large"))).size >= 1000, true);
        await assert.rejects(redis.lpush("hash", "x"), /WRONGTYPE/);
    },
    async sets() {
        same(await redis.sadd("set", 1, 2, 3), 3);
        same((await redis.smembers("set")).sort(), ["1", "2", "3"]);
        same(await redis.smismember("set", 1, 9), [1, 0]);
        same(await redis.sadd("evens", 2, 4), 2);
        same(await redis.sinter("set", "evens"), ["2"]);
        same(await redis.sintercard(2, "set", "evens", "LIMIT", 1), 1);
        same((await redis.sdiff("set", "evens")).sort(), ["1", "3"]);
        same(await redis.sunionstore("all", "set", "evens"), 4);
        same(await redis.smove("set", "evens", 1), 1);
        same((await redis.spop("set", 5)).sort(), ["2", "3"]);
        same((await collect(redis.sscanStream("all"))).sort(), ["1", "2", "3", "4"]);
    },
    async sortedSets() {
        same(await redis.zadd("board", 10, "ann", 20, "bob", 30, "cy"), 3);
        same(await redis.zadd("board", "GT", "CH", 25, "bob"), 1);
        same(await redis.zrange("board", 0, -1, "WITHSCORES"), ["ann", "10", "bob", "25", "cy", "30"]);
        same(await redis.zrange("board", "(10", "+inf", "BYSCORE", "LIMIT", 1, 1), ["cy"]);
        same(await redis.zrevrank("board", "ann"), 2);
        same(await redis.zmscore("board", "ann", "nobody"), ["10", null]);
        same(await redis.zincrby("board", 5.5, "cy"), "35.5");
        same(await redis.zcount("board", 20, "+inf"), 2);
        same(await redis.zunionstore("sum", 2, "board", "evens", "WEIGHTS", 2, 1), 6);
        same(await redis.zscore("sum", "4"), "1");
        same(await redis.zpopmax("board"), ["cy", "35.5"]);
        const waiting = other.bzpopmin("waited", 10);
        await blocked("bzpopmin");
        await redis.zadd("waited", 1.5, "member");
        same(await waiting, ["waited", "member", "1.5"]);
        same((await collect(redis.zscanStream("board"))).length, 4);
    },
    async scans() {
        await redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`page:${i}`, i])));
        same(new Set(await collect(redis.scanStream({ match: "page:*", count: 50 }))).size, 500);
        same(await collect(redis.scanStream({ match: "large", type: "hash" })), ["large"]);
        same((await redis.keys("page:1?")).length, 10);
        same(await redis.dbsize(), (await redis.keys("*")).length);
    },
    async messages() {
        const subscriber = connect();
        same(await subscriber.subscribe("news"), 1);
        same(await subscriber.psubscribe("n?ws"), 2);
        let heard = Promise.all([once(subscriber, "message"), once(subscriber, "pmessage")]);
        same(await redis.publish("news", "it works"), 2);
        same(await heard, [["news", "it works"], ["n?ws", "news", "it works"]]);
        same(await redis.pubsub("NUMSUB", "news"), ["news", 1]);
        same(await subscriber.unsubscribe("news"), 1);
        same(await subscriber.ssubscribe("shard"), 1);
        heard = once(subscriber, "smessage");
        same(await redis.spublish("shard", "to the shard"), 1);
        same(await heard, ["shard", "to the shard"]);
        await redis.config("SET", "notify-keyspace-events", "KEA");
        await subscriber.psubscribe("__keyevent@0__:*");
        heard = once(subscriber, "pmessage");
        await redis.set("noticed", 1);
        same(await heard, ["__keyevent@0__:*", "__keyevent@0__:set", "noticed"]);
        await redis.config("SET", "notify-keyspace-events", "");
        subscriber.disconnect();
    },
    async transactions() {
        const results = await redis.multi().set("t", 1).incr("t").lpush("t", "x").get("t").exec();
        same([results[0], results[1], results[3]], [[null, "OK"], [null, 2], [null, "2"]]);
        assert.match(results[2][0].message, /WRONGTYPE/);
        await redis.watch("t");
        await other.set("t", "meanwhile");
        same(await redis.multi().set("t", "lost").exec(), null);
        same(await redis.get("t"), "meanwhile");
        await assert.rejects(redis.multi().set("only one").exec(), /EXECABORT/);
        await redis.multi({ pipeline: false });
        same(await redis.get("t"), "QUEUED");
        same(await redis.discard(), "OK");
        const pipeline = redis.pipeline();
        for (let i = 0; i < 1000; ++i) pipeline.rpush("pipelined", i);
        same((await pipeline.exec()).at(-1), [null, 1000]);
        const automatic = connect({ enableAutoPipelining: true });
        same((await Promise.all(Array.from({ length: 100 }, () => automatic.incr("counter")))).at(-1), 100);
        automatic.disconnect();
    },
    async dumps() {
        for (const key of ["done", "hash", "evens", "sum", "board", "binary"]) {
            const dumped = await redis.dumpBuffer(key);
            same(await redis.restore("restored", 100000, dumped, "REPLACE"), "OK");
            same(await redis.dumpBuffer("restored"), dumped);
            await assert.rejects(redis.restore("restored", 0, dumped), /BUSYKEY/);
        }
        await assert.rejects(redis.restore("broken", 0, "not a dump"), /payload/);
    },
    async sorting() {
        await redis.rpush("numbers", 10, 9, 1, 100);
        same(await redis.sort("numbers"), ["1", "9", "10", "100"]);
        same(await redis.sort("numbers", "LIMIT", 0, 2, "DESC", "ALPHA"), ["9", "100"]);
        same(await redis.sort("numbers", "STORE", "in order"), 4);
    },
    async theServer() {
        same(await redis.ping(), "PONG");
        same(await redis.config("GET", "maxmemory-policy"), ["maxmemory-policy", "noeviction"]);
        assert.match(await redis.info("server"), /redis_version:7\./);
        assert.match(await redis.info(), /db0:keys=\d+/);
        same(await redis.client("SETNAME", "tester"), "OK");
        same(await redis.client("GETNAME"), "tester");
        assert.ok((await redis.command("COUNT")) >= 150);
        same((await redis.command("INFO", "get"))[0].slice(0, 2), ["get", 2]);
        same(await redis.command("GETKEYS", "MSET", "a", 1, "b", 2), ["a", "b"]);
        const prefixed = connect({ keyPrefix: "in 5:", db: 5 });
        await prefixed.set("key", 1);
        same(await prefixed.keys("*"), ["in 5:key"]);
        same(await redis.exists("in 5:key"), 0);
        same(await prefixed.flushdb(), "OK");
        const closed = once(prefixed, "close");
        same(await redis.client("KILL", "ID", await prefixed.client("ID")), 1);
        await closed;
        same(await prefixed.get("key"), null); // it has connected again
        prefixed.disconnect();
    },
};

async function main() {
    await redis.flushall();
    for (const [name, family] of Object.entries(families)) {
        await family().catch((error) => {
            console.log(`FAILED: ${name}`);
            throw error;
        });
    }
    await redis.quit();
    await other.quit();
}

main().catch((error) => {
    console.log(error);
    process.exit(1);
});
