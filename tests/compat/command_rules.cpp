#include "command_rules.hpp"

#include <array>

namespace mini_redis::test {
namespace {

using enum comparison;

constexpr auto commands = std::to_array<command_rule>({
    // strings
    {30, "SET string-key value *set-option"},
    {15, "GET string-key"},
    {4, "GETDEL string-key"},
    {6, "GETEX string-key *getex-option"},
    {4, "GETSET string-key value"},
    {5, "SETNX key value"},
    {3, "SETEX string-key seconds value"},
    {3, "PSETEX string-key milliseconds value"},
    {6, "MGET +key"},
    {3, "MSET +pair"},
    {2, "MSETNX +pair"},
    {8, "APPEND string-key value"},
    {5, "STRLEN string-key"},
    {6, "GETRANGE|SUBSTR string-key index index"},
    {6, "SETRANGE string-key offset value"},
    {8, "INCR|DECR string-key"},
    {8, "INCRBY|DECRBY string-key integer"},
    {6, "INCRBYFLOAT string-key real"},
    {5, "LCS string-key string-key *lcs-option"},
    // bits
    {8, "SETBIT string-key bit-offset bit"},
    {4, "GETBIT string-key bit-offset"},
    {6, "BITCOUNT string-key ?bit-range"},
    {8, "BITPOS string-key bit ?bit-range"},
    {6, "BITOP AND|OR|XOR|NOT|junk string-key +string-key"},
    {10, "BITFIELD string-key *bitfield-operation"},
    {3, "BITFIELD_RO string-key *bitfield-get"},
    // lists
    {16, "RPUSH|LPUSH list-key +member"},
    {6, "RPUSH|LPUSH list-key #member"},
    {5, "RPUSHX|LPUSHX list-key +member"},
    {10, "LPOP|RPOP list-key ?count"},
    {5, "LLEN list-key"},
    {12, "LRANGE list-key index index"},
    {8, "LINDEX list-key index"},
    {8, "LINSERT list-key BEFORE|AFTER|BEFORE|AFTER|junk member member"},
    {8, "LSET list-key index member"},
    {8, "LREM list-key index member"},
    {3, "LTRIM list-key index index"},
    {8, "LPOS list-key member *lpos-option"},
    {8, "LMOVE list-key list-key end end"},
    {4, "RPOPLPUSH list-key list-key"},
    {5, "LMPOP list-keys end ?count-option"},
    // hashes
    {14, "HSET|HMSET hash-key +field-value"},
    {4, "HSET hash-key #field-value"},
    {5, "HSETNX hash-key member value"},
    {8, "HGET|HEXISTS|HSTRLEN hash-key member"},
    {5, "HMGET hash-key +member"},
    {8, "HDEL hash-key +member"},
    {4, "HLEN hash-key"},
    {6, "HGETALL hash-key", pairs},
    {6, "HKEYS|HVALS hash-key", unordered},
    {6, "HINCRBY hash-key member integer"},
    {6, "HINCRBYFLOAT hash-key member real"},
    {5, "HRANDFIELD hash-key ?random-fields", random},
    {5, "HSCAN hash-key cursor *match-option", scan},
    // sets
    {14, "SADD set-key +member"},
    {5, "SADD set-key #small-integer"},
    {4, "SADD set-key #member"},
    {8, "SREM set-key +member"},
    {4, "SCARD set-key"},
    {6, "SISMEMBER set-key member"},
    {4, "SMISMEMBER set-key +member"},
    {6, "SMEMBERS set-key", unordered},
    {6, "SMOVE set-key set-key member"},
    {8, "SINTER|SUNION|SDIFF +set-key", unordered},
    {8, "SINTERSTORE|SUNIONSTORE|SDIFFSTORE set-key +set-key"},
    {4, "SINTERCARD set-keys ?limit-count"},
    {4, "SRANDMEMBER set-key ?random-count", random},
    {5, "SPOP set-key ?count", pop},
    {5, "SSCAN set-key cursor *match-option", scan},
    // sorted sets
    {16, "ZADD zset-key *zadd-option +score-member"},
    {4, "ZADD zset-key #score-member"},
    {8, "ZINCRBY zset-key real member"},
    {8, "ZREM zset-key +member"},
    {4, "ZCARD zset-key"},
    {8, "ZSCORE|ZRANK|ZREVRANK zset-key member"},
    {4, "ZMSCORE zset-key +member"},
    {6, "ZCOUNT zset-key score-bound score-bound"},
    {5, "ZPOPMIN|ZPOPMAX zset-key ?count"},
    {4, "ZMPOP zset-keys MIN|MAX|MIN|MAX|junk ?count-option"},
    {12, "ZRANGE zset-key index index ?REV ?WITHSCORES"},
    {10, "ZRANGE zset-key score-bound score-bound BYSCORE *zrange-option"},
    {4, "ZREVRANGE zset-key index index ?WITHSCORES"},
    {8, "ZRANGEBYSCORE|ZREVRANGEBYSCORE zset-key score-bound score-bound *by-score-option"},
    {8, "ZRANGESTORE zset-key zset-key index index *zrange-option", careful},
    {4, "ZRANGESTORE zset-key zset-key score-bound score-bound BYSCORE *zrange-option", careful},
    {2, "ZREMRANGEBYRANK zset-key index index"},
    {2, "ZREMRANGEBYSCORE zset-key score-bound score-bound"},
    {6, "ZUNION|ZINTER zset-or-set-keys *union-option ?WITHSCORES"},
    {8, "ZUNIONSTORE|ZINTERSTORE zset-key zset-or-set-keys *union-option", careful},
    {4, "ZDIFF zset-or-set-keys ?WITHSCORES"},
    {4, "ZDIFFSTORE zset-key zset-or-set-keys", careful},
    {4, "ZINTERCARD zset-or-set-keys ?limit-count"},
    {4, "ZRANDMEMBER zset-key ?random-scores", random},
    {5, "ZSCAN zset-key cursor *match-option", scan},
    // sorted sets whose scores are all the same, as lexical ranges ask for
    {10, "ZADD lexical-key *zadd-option +zero-member"},
    {3, "ZADD lexical-key #zero-member"},
    {5, "ZREM lexical-key +member"},
    {6, "ZRANGEBYLEX|ZREVRANGEBYLEX lexical-key lexical-bound lexical-bound ?limit", lexical},
    {6, "ZRANGE lexical-key lexical-bound lexical-bound BYLEX *zrange-option", lexical},
    {4, "ZLEXCOUNT lexical-key lexical-bound lexical-bound", lexical},
    {2, "ZREMRANGEBYLEX lexical-key lexical-bound lexical-bound", lexical},
    {2, "ZRANGESTORE lexical-key lexical-key lexical-bound lexical-bound BYLEX *zrange-option",
     lexical},
    // clients that wait
    {10, "BLPOP|BRPOP +list-key timeout", blocking},
    {6, "BLMOVE list-key list-key end end timeout", blocking},
    {3, "BRPOPLPUSH list-key list-key timeout", blocking},
    {4, "BLMPOP timeout list-keys end ?count-option", blocking},
    {8, "BZPOPMIN|BZPOPMAX +zset-key timeout", blocking},
    {4, "BZMPOP timeout zset-keys MIN|MAX|junk ?count-option", blocking},
    {1, "BLPOP|BZPOPMIN|BRPOP|BZPOPMAX key brief"},
    {8, "CLIENT UNBLOCK client-id ?unblock-option"},
    // transactions
    {12, "MULTI"},
    {2, "EXEC", transaction},
    {1, "DISCARD"},
    {10, "WATCH +key"},
    {2, "UNWATCH"},
    // keys
    {8, "DEL|UNLINK key"},
    {2, "DEL|UNLINK +key"},
    {6, "EXISTS|TOUCH +key"},
    {4, "TYPE key"},
    {8, "RENAME|RENAMENX key key"},
    {10, "COPY key key *copy-option"},
    {6, "MOVE key database"},
    {10, "DUMP key", dump},
    {10, "RESTORE key restore-time dumped *restore-option"},
    {5, "KEYS pattern", unordered},
    {5, "SCAN cursor *scan-option", scan},
    {3, "RANDOMKEY", member},
    {4, "DBSIZE", size},
    {1, "FLUSHDB|FLUSHALL ?flush-option"},
    {3, "SWAPDB database database", careful},
    {6, "SELECT database"},
    // expiry
    {5, "EXPIRE key seconds *expire-option"},
    {5, "PEXPIRE key milliseconds *expire-option"},
    {5, "EXPIREAT key unix-seconds *expire-option"},
    {5, "PEXPIREAT key unix-milliseconds *expire-option"},
    {6, "TTL|EXPIRETIME key", seconds},
    {6, "PTTL|PEXPIRETIME key", milliseconds},
    {5, "PERSIST key"},
    // the rest
    {16, "OBJECT ENCODING key", encoding},
    {2, "PING ?value"},
    {2, "ECHO value"},
    {1, "HELLO 2|3|4|junk", shape},
    {1, "RESET"},
    {1, "CLIENT SETNAME|GETNAME ?key"},
    {2, "COMMAND GETKEYS GET|MGET|MSET|DEL|SET|RENAME|COPY|JUNK *key"},
    {2, "COMMAND GETKEYS|GETKEYSANDFLAGS ZUNION|SINTERCARD|LMPOP|ZINTERCARD|ZDIFF set-keys *junk"},
    {1, "COMMAND GETKEYS|GETKEYSANDFLAGS ZUNIONSTORE|BLMPOP|BZMPOP key set-keys *junk"},
    {1, "PUBLISH key value"},
    {1, "PUBSUB NUMSUB|CHANNELS|NUMPAT *key"},
    {1, "CONFIG GET pattern-of-nothing"},
    {1, "CONFIG|CLIENT|OBJECT|PUBSUB|COMMAND junk ?key"},
    {2, "junk *key"},
});

constexpr auto named = std::to_array<named_rule>({
    {"set-option", "NX / XX / GET / KEEPTTL / EX seconds / PX milliseconds / EXAT unix-seconds / "
                   "PXAT unix-milliseconds / NX / XX / GET / junk"},
    {"getex-option", "EX seconds / PX milliseconds / EXAT unix-seconds / PXAT unix-milliseconds / "
                     "PERSIST / KEEPTTL / junk"},
    {"copy-option", "REPLACE / DB database / REPLACE / DB database / junk"},
    {"scan-option", "MATCH pattern / COUNT count / TYPE type / junk"},
    {"match-option", "MATCH pattern / COUNT count / MATCH pattern / COUNT count / junk"},
    {"expire-option", "NX / XX / GT / LT / junk"},
    {"restore-option", "REPLACE / REPLACE / REPLACE / ABSTTL / IDLETIME 5 / FREQ 5 / junk"},
    {"dumped", "dump-word / dump-word / dump-word / own-dump-word / own-dump-word / "
               "torn-dump-word / value"},
    {"restore-time", "0 / 0 / 0 / restore-ttl"},
    {"flush-option", "SYNC / ASYNC / junk"},
    {"lcs-option", "LEN / IDX / MINMATCHLEN count / WITHMATCHLEN / IDX / WITHMATCHLEN / junk"},
    {"pair", "string-key value"},
    {"bit", "0 / 1 / 0 / 1 / 0 / 1 / junk"},
    {"bit-range", "index / index index / index index BIT / index index BYTE / index index junk"},
    {"bitfield-operation",
     "GET bit-type bit-position / SET bit-type bit-position integer / "
     "INCRBY bit-type bit-position integer / OVERFLOW WRAP|SAT|FAIL / "
     "SET bit-type bit-position integer / INCRBY bit-type bit-position integer / junk"},
    {"bitfield-get", "GET bit-type bit-position / GET bit-type bit-position / bitfield-operation"},
    {"end", "LEFT / RIGHT / LEFT / RIGHT / LEFT / RIGHT / LEFT / RIGHT / junk"},
    {"lpos-option", "RANK index / COUNT count / MAXLEN count / RANK index / COUNT 0 / junk"},
    {"count-option", "COUNT count / COUNT count / COUNT count / junk"},
    {"limit-count", "LIMIT count / LIMIT count / LIMIT count / junk"},
    {"field-value", "member value / member real / member small-integer"},
    {"random-fields", "random-count / random-count / random-count WITHVALUES / random-count junk"},
    {"random-scores", "random-count / random-count / random-count WITHSCORES / random-count junk"},
    {"list-keys", "1 list-key / 2 list-key list-key / 3 list-key list-key list-key / "
                  "count list-key list-key"},
    {"set-keys", "1 set-key / 2 set-key set-key / 3 set-key set-key set-key / "
                 "2 set-key set-key / count set-key set-key"},
    {"zset-keys", "1 zset-key / 2 zset-key zset-key / 3 zset-key zset-key zset-key / "
                  "count zset-key zset-key"},
    {"zset-or-set-keys",
     "1 zset-key / 2 zset-key zset-key / 3 zset-key zset-key zset-key / 2 zset-key set-key / "
     "2 set-key zset-key / 3 zset-key set-key zset-key / count zset-key zset-key"},
    {"union-option", "WEIGHTS real / WEIGHTS real real / WEIGHTS score score score / "
                     "WEIGHTS score score / AGGREGATE SUM|MIN|MAX / AGGREGATE SUM|MIN|MAX|junk / "
                     "AGGREGATE MIN|MAX / junk"},
    {"zadd-option", "NX / XX / GT / LT / CH / INCR / CH / junk"},
    {"score-member", "score member"},
    {"zero-member", "0 member"},
    {"limit", "LIMIT index index / LIMIT 0|1|2|3 index"},
    {"zrange-option", "REV / limit / REV / limit / WITHSCORES / junk"},
    {"by-score-option", "WITHSCORES / limit / WITHSCORES / limit / junk"},
    {"unblock-option", "TIMEOUT / ERROR / junk"},
});

} // namespace

std::span<const command_rule> command_rules() {
    return commands;
}

std::span<const named_rule> named_rules() {
    return named;
}

} // namespace mini_redis::test
