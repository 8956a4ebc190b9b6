// The words that rules are completed with: keys, numbers, members, times.

#include <algorithm>
#include <array>
#include <stdexcept>

#include "command_grammar.hpp"

namespace mini_redis::test {
namespace {

constexpr auto string_keys = std::to_array<std::string_view>({"a", "b", "k:1"});
constexpr auto list_keys = std::to_array<std::string_view>({"list", "l2", "{tag}x"});
constexpr auto hash_keys = std::to_array<std::string_view>({"hash", "h2"});
constexpr auto set_keys = std::to_array<std::string_view>({"set", "s2", "s3"});
constexpr auto sorted_set_keys = std::to_array<std::string_view>({"zset", "z2", "z3"});
constexpr auto lexical_keys = std::to_array<std::string_view>({"lex", "x2"});
constexpr auto place_keys = std::to_array<std::string_view>({"geo", "geo2"});
constexpr auto hyperloglog_keys = std::to_array<std::string_view>({"hll", "hll2", "hll3"});
// Mostly not there, so that who asks for what they hold has to wait.
constexpr auto queue_keys = std::to_array<std::string_view>({"q1", "q2"});
constexpr auto sorted_queue_keys = std::to_array<std::string_view>({"zq1", "zq2"});

constexpr auto stream_keys = std::to_array<std::string_view>({"stream", "st2"});
constexpr auto group_names = std::to_array<std::string_view>({"g", "g", "g", "h", "7", ""});
constexpr auto consumer_names =
    std::to_array<std::string_view>({"alice", "bob", "carol", "12", "a consumer of a long name"});

// What SORT's BY and GET find for some members.
constexpr auto weight_keys =
    std::to_array<std::string_view>({"w1", "w2", "w3", "w10", "wa", "wb", "w-1"});

constexpr auto odd_keys = std::to_array<std::string_view>(
    {"A", "0",
     // Not text, not short: what a client library or a table may mistake.
     "", std::string_view{"\0", 1}, std::string_view{"a\0b", 3}, "\xff\xfe", "line\r\nbreak",
     "a key of more than forty-four bytes, that is, no small one"});

constexpr auto integers = std::to_array<std::string_view>(
    {"0", "1", "-1", "2", "10", "-10", "100", "9999", "10000", "-5", "12345678901",
     "9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807"});

// Nearly integers: none of them is one by Redis's rules, though some are floats.
constexpr auto odd_integers = std::to_array<std::string_view>(
    {"9223372036854775808", "-9223372036854775809", "99999999999999999999", "007", "+1", "-0", " 1",
     "1 ", "1.0", "1e3", "0x10", "", "-", "abc", "1\n", "--1"});

constexpr auto reals = std::to_array<std::string_view>({"0",
                                                        "1",
                                                        "-1",
                                                        "0.1",
                                                        "0.5",
                                                        "-2.25",
                                                        "3.0",
                                                        "1e3",
                                                        "1.5e-3",
                                                        "1e17",
                                                        "123456789.987654321",
                                                        "0.00000000000000001",
                                                        "1e18",
                                                        "-1e20",
                                                        "5.0e3",
                                                        ".5",
                                                        "5.",
                                                        "+2",
                                                        "0x1A",
                                                        "1e308",
                                                        "1e4000",
                                                        "inf",
                                                        "-inf",
                                                        "nan",
                                                        "abc",
                                                        "",
                                                        " 1",
                                                        "1 ",
                                                        "1e",
                                                        "1.2.3"});

constexpr auto patterns = std::to_array<std::string_view>(
    {"*",   "*",      "k*", "k:?", "[ab]", "[^a]",   "[a-c]", "?",   "??", "a*b",
     "\\*", "*\xff*", "",   "[",   "[a",   "{tag}*", "*o*e*", "a\\", "**", "[b-a]"});

constexpr auto small_members = std::to_array<std::string_view>(
    {"a",
     "b",
     "c",
     "d",
     "e",
     "f",
     "aa",
     "ab",
     "B",
     "",
     "0",
     "1",
     "2",
     "3",
     "4",
     "5",
     "6",
     "7",
     "8",
     "9",
     "10",
     "-1",
     "100",
     "255",
     "256",
     "40000",
     "3000000000",
     "9223372036854775807",
     "007",
     "1.5",
     "a longer member of fifty bytes, which is no short one",
     "one of more than sixty-four bytes, by which a compact collection becomes a large one"});

constexpr auto scores = std::to_array<std::string_view>(
    {"0", "1", "2", "3", "-1", "1.5", "0.1", "0.2", "0.3", "-0", "1e10", "3.14159", "inf", "-inf",
     "1e-7", "1e300", "-1e300", "9007199254740993", "4503599627370496.5"});

constexpr auto score_bounds = std::to_array<std::string_view>(
    {"-inf", "+inf", "inf", "0",    "1",     "2",    "3",    "(0",   "(1", "(2",  "-1",  "1.5",
     "(1.5", "(0.1", "10",  "(inf", "(-inf", "-inf", "+inf", "1e10", "(",  "nan", "abc", ""});

constexpr auto lexical_bounds = std::to_array<std::string_view>(
    {"-", "+",     "-",  "+",  "[a",  "(a",    "[c", "(c", "[b", "(f",  "[",
     "(", "[\xff", "[1", "(5", "[aa", "(\xff", "a",  "",   "+a", "-inf"});

/// What a function returns for a word that is not among its own.
constexpr std::string_view nothing = "(nothing)";

std::string pick(random_source& random, const auto& list) {
    return std::string{list[random.below(list.size())]};
}

} // namespace

std::string command_generator::terminal(std::string_view name) {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    if (name == "key" || name.ends_with("-key")) return key_of(name);
    if (name == "value") return value();
    if (std::string word = time_word(name); word != nothing) return word;
    if (std::string word = collection_word(name); word != nothing) return word;
    if (std::string word = stream_word(name); word != nothing) return word;
    if (name == "pattern") return one_of(patterns);
    if (name == "pattern-of-nothing") return "no-such-setting-" + one_of(integers);
    if (name == "sort-pattern")
        return one_of(std::to_array<std::string_view>(
            {"w*", "w*", "w*", "h*->F", "h2->*", "nosort", "*->F", "", "w*->", "*", "h*->no"}));
    if (name == "get-pattern")
        return one_of(std::to_array<std::string_view>(
            {"#", "#", "w*", "h*->F", "h2->*", "nothing", "*", "", "#x"}));
    if (name == "type")
        return one_of(std::to_array<std::string_view>(
            {"string", "STRING", "hash", "list", "zset", "set", "stream"}));
    if (name == "integer") return random_.one_in(8) ? one_of(odd_integers) : one_of(integers);
    if (name == "real") return one_of(reals);
    if (name == "database")
        return random_.one_in(12) ? one_of(odd_integers)
                                  : std::to_string(static_cast<int>(
                                        random_.one_in(4) ? random_.below(18) : random_.below(3)));
    if (name == "cursor")
        return random_.one_in(15) ? one_of(std::to_array<std::string_view>(
                                        {"abc", "99999999999999999999999", " 0", "1.5"}))
                                  : "0";
    if (name == "count")
        return one_of(std::to_array<std::string_view>({"1", "2", "10", "1000", "0", "-1", "abc"}));
    if (name == "index")
        return random_.one_in(12)  ? one_of(odd_integers)
               : random_.one_in(8) ? one_of(integers)
                                   : std::to_string(static_cast<int>(random_.below(40)) - 20);
    if (name == "offset") { // up to 512 MiB would be allowed, and be slow
        if (random_.one_in(15)) return one_of(odd_integers);
        if (random_.one_in(15))
            return one_of(std::to_array<std::string_view>(
                {"536870912", "9223372036854775807", "-1", "-9223372036854775808"}));
        return std::to_string(random_.below(random_.one_in(10) ? 2000 : 30));
    }
    if (name == "junk") {
        if (random_.one_in(2)) return one_of(odd_integers);
        return one_of(std::to_array<std::string_view>(
            {"FOO", "foo bar", "NXX", "\r\n", "'", "\"", "\xc3\xa4", "x"}));
    }
    throw std::logic_error{"the grammar has no " + std::string{name}};
}

// Mostly of the kind's own, so that commands find what they work on; at times of any kind.
std::string command_generator::key_of(std::string_view kind) {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    if (kind == "key" || random_.one_in(12)) {
        constexpr auto kinds = std::to_array<std::string_view>(
            {"string-key", "list-key", "hash-key", "set-key", "zset-key", "lexical-key", "hll-key",
             "geo-key", "queue-key", "zqueue-key", "stream-key"});
        if (random_.one_in(5)) return one_of(odd_keys);
        return key_of(kinds[random_.below(kinds.size())]);
    }
    if (kind == "string-key") return one_of(string_keys);
    if (kind == "list-key") return one_of(list_keys);
    if (kind == "hash-key") return one_of(hash_keys);
    if (kind == "set-key") return one_of(set_keys);
    if (kind == "zset-key") return one_of(sorted_set_keys);
    if (kind == "lexical-key") return one_of(lexical_keys);
    if (kind == "geo-key") return one_of(place_keys);
    if (kind == "hll-key") return one_of(hyperloglog_keys);
    if (kind == "queue-key") return one_of(queue_keys);
    if (kind == "weight-key") return one_of(weight_keys);
    if (kind == "stream-key") return one_of(stream_keys);
    if (kind == "zqueue-key") return one_of(sorted_queue_keys);
    throw std::logic_error{"the grammar has no " + std::string{kind}};
}

std::string command_generator::value() {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    switch (random_.below(8)) {
    case 0:
    case 1: return one_of(integers);
    case 2: return one_of(odd_integers);
    case 3: return one_of(reals);
    case 4: return std::string(random_.below(100), static_cast<char>('a' + random_.below(26)));
    case 5: {
        std::string bytes(random_.below(random_.one_in(20) ? 5000 : 70), '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(random_.next());
        return bytes;
    }
    default: return key_of("key");
    }
}

std::string command_generator::time_word(std::string_view name) {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    // Times from now are never the same twice, and seconds apart: which of two is later must not
    // hang on when a server came to it.
    const bool from_now = name == "seconds" || name == "milliseconds";
    const std::int64_t unique = 10'000 + 13 * (from_now ? ++times_given_ : times_given_);
    if (name == "seconds") {
        if (random_.one_in(12)) return one_of(odd_integers);
        if (random_.one_in(8))
            return one_of(
                std::to_array<std::string_view>({"0", "-1", "-100", "9223372036854775807",
                                                 "9223372036854776", "-9223372036854776"}));
        return std::to_string(unique);
    }
    if (name == "milliseconds") {
        if (random_.one_in(12)) return one_of(odd_integers);
        if (random_.one_in(8))
            return one_of(std::to_array<std::string_view>(
                {"0", "-1", "-100", "9223372036854775807", "-9223372036854775808"}));
        return std::to_string(unique * 1000 + static_cast<std::int64_t>(random_.below(1000)));
    }
    // Far from now on either side; few values, so that some are equal.
    if (name == "unix-seconds") {
        if (random_.one_in(12)) return one_of(odd_integers);
        return one_of(std::to_array<std::string_view>({"4102444800", "4102444801", "33177117420",
                                                       "4102444800", "9223372036854775", "1", "0",
                                                       "-1", "1500000000", "9223372036854776"}));
    }
    if (name == "unix-milliseconds") {
        if (random_.one_in(12)) return one_of(odd_integers);
        return one_of(std::to_array<std::string_view>(
            {"4102444800000", "4102444800001", "33177117420499", "33177117420500", "4102444800000",
             "9223372036854770000", "1", "0", "-1", "1500000000000"}));
    }
    if (name == "set-seconds")
        return one_of(std::to_array<std::string_view>(
            {"4102444800", "33177117420", "4102444801", "1500000000", "0", "-1", "abc"}));
    if (name == "set-milliseconds")
        return one_of(std::to_array<std::string_view>(
            {"4102444800000", "33177117420499", "0", "1500000000000", "4102444800001", "-1"}));
    // Not so far from now that the sum is none: Redis has the key expire then.
    if (name == "restore-ttl")
        return one_of(std::to_array<std::string_view>(
            {"4102444800000", "33177117420499", "-1", "abc", "100000000", "1500000000000", ""}));
    if (name == "timeout")
        return one_of(
            std::to_array<std::string_view>({"0", "0", "0", "0", "1000", "500.25", "0x64", "-1",
                                             "abc", "", "nan", "1e15", " 1", "0", "0", "0"}));
    if (name == "brief") return "0.01";
    return std::string{nothing};
}

std::string command_generator::collection_word(std::string_view name) {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    if (name == "member") return random_.one_in(20) ? value() : one_of(small_members);
    if (name == "small-integer")
        return std::to_string(static_cast<int>(random_.below(300)) -
                              static_cast<int>(random_.one_in(4) ? 40'000 : 20));
    if (name == "score") return random_.one_in(25) ? one_of(reals) : one_of(scores);
    if (name == "score-bound") return one_of(score_bounds);
    if (name == "lexical-bound") return one_of(lexical_bounds);
    if (name == "random-count")
        return one_of(std::to_array<std::string_view>({"1", "2", "5", "-1", "-3", "-10", "100", "0",
                                                       "1000", "abc", "9223372036854775807",
                                                       "-9223372036854775808"}));
    if (name == "bit-type")
        return one_of(std::to_array<std::string_view>({"u8", "i8", "u1", "i1", "u5", "i16", "u32",
                                                       "i64", "u63", "u64", "i0", "x8", "i65", "U8",
                                                       "u", "i33", "u62", "i8"}));
    if (name == "bit-position")
        return random_.one_in(20)
                   ? one_of(std::to_array<std::string_view>(
                         {"-1", "#-1", "#", "abc", "", "4294967296", "#99999999999"}))
                   : (random_.one_in(3) ? "#" : "") + std::to_string(random_.below(120));
    if (name == "bit-offset")
        return random_.one_in(20) ? one_of(std::to_array<std::string_view>(
                                        {"-1", "4294967296", "abc", "", "9223372036854775807"}))
                                  : std::to_string(random_.below(300));
    if (name == "degree") // of longitude or latitude; few, so that members are near each other
        return random_.one_in(30)
                   ? one_of(std::to_array<std::string_view>({"180", "-180", "85.05112878", "-85.06",
                                                             "181", "abc", "", "inf", "1e300"}))
                   : std::to_string(static_cast<int>(random_.below(60)) - 30) + "." +
                         std::to_string(random_.below(1000));
    if (name == "length")
        return random_.one_in(20)
                   ? one_of(std::to_array<std::string_view>({"0", "-1", "abc", "", "inf", "1e300"}))
                   : std::to_string(random_.below(random_.one_in(3) ? 20'000 : 3'000));
    if (name == "client-id")
        return std::string{id_word} + std::to_string(random_.below(connections_));
    if (name == "dump-word") return std::string{dump_word};
    if (name == "own-dump-word") return std::string{own_dump_word};
    if (name == "torn-dump-word") return std::string{torn_dump_word};
    return std::string{nothing};
}

// Ids are near those of the entries that were added last, so that many are there.
std::string command_generator::stream_word(std::string_view name) {
    const auto one_of = [this](const auto& list) { return pick(random_, list); };
    constexpr auto odd_ids = std::to_array<std::string_view>(
        {"0", "0-0", "-", "+", "$", ">", "x", "", "1-", "-1", "1-1-1", "18446744073709551615",
         "0-1", "18446744073709551615-18446744073709551615", "18446744073709551616", "5-*", "*-1",
         " 1"});
    const auto near_id = [&] {
        const std::size_t back = random_.below(15);
        const std::string ms = std::to_string(entries_given_ > back ? entries_given_ - back : 0);
        return random_.one_in(6) ? ms : ms + '-' + std::to_string(random_.below(3));
    };
    if (name == "new-id") {
        if (random_.one_in(25)) return one_of(odd_ids) + (random_.one_in(2) ? "-*" : "");
        if (random_.one_in(25)) return near_id();
        if (!random_.one_in(3)) ++entries_given_;
        const std::string ms = std::to_string(entries_given_);
        return ms + (random_.one_in(2) ? "-*" : '-' + std::to_string(random_.below(3)));
    }
    if (name == "stream-id") return random_.one_in(15) ? one_of(odd_ids) : near_id();
    if (name == "range-end") {
        if (random_.one_in(3)) return one_of(std::to_array<std::string_view>({"-", "-", "+", "+"}));
        if (random_.one_in(15)) return one_of(odd_ids);
        return (random_.one_in(4) ? "(" : "") + near_id();
    }
    if (name == "last-id") return "$";
    if (name == "new-entries") return ">";
    if (name == "tilde") return random_.one_in(5) ? "=" : "~";
    if (name == "group") return one_of(group_names);
    if (name == "consumer") return one_of(consumer_names);
    if (name == "small-count") return std::to_string(random_.below(30));
    if (name == "block")
        return one_of(std::to_array<std::string_view>(
            {"0", "0", "0", "0", "1000000", "-1", "abc", "1.5", "0", "0"}));
    return std::string{nothing};
}

} // namespace mini_redis::test
