// node-redis (the npm package "redis"): every family, in RESP2 and RESP3. Run by run.sh.
"use strict";
const assert = require("node:assert/strict");
const { createClient, createClientPool, RESP_TYPES, WatchError } = require("redis");

const same = (actual, expected) => assert.deepEqual(plain(actual), expected);

// Replies that are maps come as objects without a prototype.
function plain(value) {
    if (Array.isArray(value)) return value.map(plain);
    if (value && typeof value === "object" && !Buffer.isBuffer(value)) {
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
    }
    return value;
}

const connect = (RESP, options = {}) =>
    createClient({ RESP, socket: { port: Number(process.env.PORT), host: "127.0.0.1" }, ...options })
        .on("error", () => {})
        .connect();

async function blocked(redis, command) {
    for (let i = 0; i < 500; ++i) {
        if ((await redis.sendCommand(["CLIENT", "LIST"])).includes(`cmd=${command} `)) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`no client is blocked in ${command}`);
}

// A listener, and what will be heard by it.
function ear() {
    let listener;
    const heard = new Promise((resolve) => {
        listener = (message, channel) => resolve([channel, message]);
    });
    return { listener, heard };
}

const families = {
    async strings(redis) {
        same(await redis.set("text", "Hello"), "OK");
        same(await redis.append("text", " world"), 11);
        same(await redis.getRange("text", 6, -1), "world");
        same(await redis.set("text", "x", { condition: "NX" }), null);
        same(await redis.set("text", "new", { expiration: { type: "EX", value: 100 }, GET: true }), "Hello world");
        same(await redis.mSet({ a: "1", b: "2" }), "OK");
        same(await redis.mGet(["a", "b", "nothing"]), ["1", "2", null]);
        same(await redis.incrBy("a", 4), 5);
        same(await redis.incrByFloat("a", 0.5), "5.5");
        same(await redis.getDel("a"), "5.5");
        same(await redis.lcsLen("text", "b"), 0);
        same(await redis.strLen("text"), 3);
        const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        await binary.set("binary", Buffer.from([0, 255, 13, 10]));
        same(await binary.get("binary"), Buffer.from([0, 255, 13, 10]));
        await assert.rejects(redis.incr("text"), /not an integer/);
    },
    async bits(redis) {
        same(await redis.setBit("bits", 7, 1), 0);
        same(await redis.getBit("bits", 7), 1);
        same(await redis.bitCount("bits"), 1);
        same(await redis.bitPos("bits", 1), 7);
        same(await redis.bitOp("NOT", "flipped", "bits"), 1);
        same(await redis.bitField("number", [{ operation: "SET", encoding: "u8", offset: 0, value: 200 }]), [0]);
        same(await redis.bitFieldRo("number", [{ encoding: "u4", offset: 0 }]), [12]);
    },
    async keys(redis) {
        same(await redis.type("text"), "string");
        same(await redis.ttl("text"), 100);
        same(await redis.persist("text"), 1);
        same(await redis.expire("text", 50, "NX"), 1);
        same(await redis.rename("text", "renamed"), "OK");
        same(await redis.copy("renamed", "text"), 1);
        same(await redis.exists(["text", "renamed", "nothing"]), 2);
        same(await redis.unlink("renamed"), 1);
        same(await redis.objectEncoding("text"), "embstr");
        assert.ok((await redis.expireTime("text")) > Date.now() / 1000);
        await redis.pSetEx("short", 20, "x");
        while (await redis.exists("short")) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async lists(redis, other) {
        same(await redis.rPush("list", ["a", "b", "c"]), 3);
        same(await redis.lPush("list", "z"), 4);
        same(await redis.lRange("list", 0, -1), ["z", "a", "b", "c"]);
        same(await redis.lInsert("list", "BEFORE", "b", "ab"), 5);
        same(await redis.lPos("list", "ab"), 2);
        same(await redis.lRem("list", 0, "ab"), 1);
        same(await redis.lMove("list", "done", "RIGHT", "LEFT"), "c");
        same(await redis.lPopCount("list", 2), ["z", "a"]);
        same(await redis.lmPop(["nothing", "list"], "LEFT"), ["list", ["b"]]);
        same(await redis.blPop("nothing", 0.01), null);
        let waiting = other.blPop(["queue", "second"], 10);
        await blocked(redis, "blpop");
        same(await redis.rPush("second", "job"), 1);
        same(await waiting, { key: "second", element: "job" });
        waiting = other.blMove("queue", "done", "LEFT", "RIGHT", 10);
        await blocked(redis, "blmove");
        await redis.rPush("queue", "last");
        same(await waiting, "last");
        same(await redis.lRange("done", 0, -1), ["c", "last"]);
    },
    async hashes(redis) {
        same(await redis.hSet("hash", { name: "Ada", born: 1815 }), 2);
        same(await redis.hGetAll("hash"), { name: "Ada", born: "1815" });
        same(await redis.hmGet("hash", ["name", "nothing"]), ["Ada", null]);
        same(await redis.hIncrBy("hash", "born", 1), 1816);
        same(await redis.hDel("hash", "born"), 1);
        same(await redis.hKeys("hash"), ["name"]);
        same(await redis.hRandFieldCountWithValues("hash", 1), [{ field: "name", value: "Ada" }]);
        const large = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field ${i}`, String(i)]));
        same(await redis.hSet("large", large), 1000);
        same(await redis.hGetAll("large"), large);
        const seen = {};
        for await (const part of redis.hScanIterator("large")) for (const { field, value } of part) seen[field] = value;
        same(seen, large);
        await assert.rejects(redis.lPush("hash", "x"), /WRONGTYPE/);
    },
    async sets(redis) {
        same(await redis.sAdd("set", ["1", "2", "3"]), 3);
        same([...(await redis.sMembers("set"))].sort(), ["1", "2", "3"]);
        same(await redis.smIsMember("set", ["1", "9"]), [1, 0]);
        same(await redis.sAdd("evens", ["2", "4"]), 2);
        same([...(await redis.sInter(["set", "evens"]))], ["2"]);
        same(await redis.sInterCard(["set", "evens"]), 1);
        same([...(await redis.sDiff(["set", "evens"]))].sort(), ["1", "3"]);
        same(await redis.sUnionStore("all", ["set", "evens"]), 4);
        same(await redis.sMove("set", "evens", "1"), 1);
        const seen = new Set();
        for await (const part of redis.sScanIterator("all")) for (const each of part) seen.add(each);
        same([...seen].sort(), ["1", "2", "3", "4"]);
    },
    async sortedSets(redis, other) {
        same(await redis.zAdd("board", [{ score: 10, value: "ann" }, { score: 20, value: "bob" }]), 2);
        same(await redis.zAdd("board", { score: 25, value: "bob" }, { comparison: "GT", CH: true }), 1);
        same(await redis.zRangeWithScores("board", 0, -1), [{ value: "ann", score: 10 }, { value: "bob", score: 25 }]);
        same(await redis.zRange("board", "(10", "+inf", { BY: "SCORE" }), ["bob"]);
        same(await redis.zRank("board", "bob"), 1);
        same(await redis.zmScore("board", ["ann", "nobody"]), [10, null]);
        same(await redis.zIncrBy("board", 5.5, "bob"), 30.5);
        same(await redis.zCount("board", 20, "+inf"), 1);
        same(await redis.zUnionStore("sum", [{ key: "board", weight: 2 }, { key: "evens", weight: 1 }]), 5);
        same(await redis.zScore("sum", "4"), 1);
        same(await redis.zPopMax("board"), { value: "bob", score: 30.5 });
        same(await redis.zmPop("board", "MIN"), { key: "board", members: [{ value: "ann", score: 10 }] });
        const waiting = other.bzPopMin("waited", 10);
        await blocked(redis, "bzpopmin");
        await redis.zAdd("waited", { score: 1.5, value: "member" });
        same(await waiting, { key: "waited", value: "member", score: 1.5 });
    },
    async scans(redis) {
        await redis.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`page:${i}`, String(i)])));
        const seen = new Set();
        for await (const part of redis.scanIterator({ MATCH: "page:*", COUNT: 50 })) for (const key of part) seen.add(key);
        same(seen.size, 500);
        const found = [];
        for await (const part of redis.scanIterator({ TYPE: "hash", MATCH: "large" })) found.push(...part);
        same(found, ["large"]);
        same(await redis.dbSize(), (await redis.keys("*")).length);
    },
    async messages(redis) {
        const subscriber = await redis.duplicate().connect();
        let channel = ear();
        const pattern = ear();
        await subscriber.subscribe("news", channel.listener);
        await subscriber.pSubscribe("n?ws", pattern.listener);
        same(await redis.publish("news", "it works"), 2);
        same(await channel.heard, ["news", "it works"]);
        same(await pattern.heard, ["news", "it works"]);
        same(await redis.pubSubNumSub("news"), { news: 1 });
        await subscriber.unsubscribe("news");
        await subscriber.pUnsubscribe("n?ws");
        channel = ear();
        await subscriber.sSubscribe("shard", channel.listener);
        same(await redis.sPublish("shard", "to the shard"), 1);
        same(await channel.heard, ["shard", "to the shard"]);
        await redis.configSet("notify-keyspace-events", "KEA");
        channel = ear();
        await subscriber.subscribe("__keyspace@0__:noticed", channel.listener);
        await redis.set("noticed", "1");
        same(await channel.heard, ["__keyspace@0__:noticed", "set"]);
        await redis.configSet("notify-keyspace-events", "");
        subscriber.destroy();
    },
    async transactions(redis, other) {
        same(await redis.multi().set("t", "1").incr("t").get("t").exec(), ["OK", 2, "2"]);
        const failed = await redis.multi().lPush("t", "x").get("t").execAsPipeline().catch((error) => error);
        assert.match(failed.errorIndexes ? failed.replies[0].message : String(failed), /WRONGTYPE/);
        await redis.watch("t");
        await other.set("t", "meanwhile");
        await assert.rejects(redis.multi().set("t", "lost").exec(), WatchError);
        same(await redis.get("t"), "meanwhile");
        await assert.rejects(redis.multi().addCommand(["SET", "only one"]).exec());
        // All in one write: the client puts into one what is asked for at the same time.
        same((await Promise.all(Array.from({ length: 1000 }, (_, i) => redis.rPush("pipelined", String(i))))).at(-1), 1000);
        const pool = await createClientPool(
            { socket: { port: Number(process.env.PORT), host: "127.0.0.1" } }, { maximum: 5 }).connect();
        await Promise.all(Array.from({ length: 50 }, () => pool.incr("counter")));
        same(await pool.get("counter"), "50");
        pool.destroy();
    },
    async dumps(redis) {
        const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        for (const key of ["done", "hash", "evens", "sum", "binary"]) {
            const dumped = await binary.dump(key);
            same(await redis.restore("restored", 100000, dumped, { REPLACE: true }), "OK");
            same(await binary.dump("restored"), dumped);
            await assert.rejects(redis.restore("restored", 0, dumped), /BUSYKEY/);
        }
    },
    async sorting(redis) {
        await redis.rPush("numbers", ["10", "9", "1", "100"]);
        same(await redis.sort("numbers"), ["1", "9", "10", "100"]);
        same(await redis.sort("numbers", { ALPHA: true, DIRECTION: "DESC", LIMIT: { offset: 0, count: 2 } }), ["9", "100"]);
        same(await redis.sortStore("numbers", "in order"), 4);
    },
    async theServer(redis) {
        same(await redis.ping(), "PONG");
        same(await redis.configGet("maxmemory-policy"), { "maxmemory-policy": "noeviction" });
        assert.match(await redis.info("server"), /redis_version:7\./);
        same(await redis.clientSetName("tester"), "OK");
        same(await redis.clientGetName(), "tester");
        same((await redis.clientInfo()).name, "tester");
        assert.ok((await redis.clientList()).length >= 2);
        assert.ok((await redis.commandCount()) >= 150);
        same((await redis.commandInfo(["get"]))[0].name, "get");
        same(await redis.commandGetKeys(["MSET", "a", "1", "b", "2"]), ["a", "b"]);
        assert.ok((await redis.commandList()).includes("zadd"));
        assert.ok((await redis.time()) !== undefined);
    },
};

async function main() {
    for (const RESP of [2, 3]) {
        const redis = await connect(RESP);
        const other = await connect(RESP);
        await redis.flushAll();
        for (const [name, family] of Object.entries(families)) {
            await family(redis, other).catch((error) => {
                console.log(`FAILED: ${name} in RESP${RESP}`);
                throw error;
            });
        }
        await other.close();
        await redis.close();
    }
}

main().catch((error) => {
    console.log(error);
    process.exit(1);
});
