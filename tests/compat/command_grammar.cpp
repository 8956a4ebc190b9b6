// A rule is a list of words: `name` stands for a rule or terminal of that name, WORD for itself,
// `a|b` for one of them, `?a` for a or nothing, `*a` for up to three, `+a` for one to four.
// The alternatives of a named rule are separated by " / ".

#include "command_grammar.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace mini_redis::test {
namespace {

struct command_rule {
    int weight;
    std::string_view text;
    comparison compare = comparison::exact;
};

struct named_rule {
    std::string_view name;
    std::string_view alternatives;
};

using enum comparison;

constexpr auto commands = std::to_array<command_rule>({
    // strings
    {40, "SET key value *set-option"},
    {20, "GET key"},
    {5, "GETDEL key"},
    {8, "GETEX key *getex-option"},
    {5, "GETSET key value"},
    {5, "SETNX key value"},
    {4, "SETEX key seconds value"},
    {4, "PSETEX key milliseconds value"},
    {8, "MGET +key"},
    {6, "MSET +pair"},
    {4, "MSETNX +pair"},
    {10, "APPEND key value"},
    {5, "STRLEN key"},
    {8, "GETRANGE key index index"},
    {8, "SETRANGE key offset value"},
    {10, "INCR|DECR key"},
    {10, "INCRBY|DECRBY key integer"},
    {8, "INCRBYFLOAT key real"},
    // keys
    {10, "DEL|UNLINK +key"},
    {6, "EXISTS|TOUCH +key"},
    {4, "TYPE key"},
    {8, "RENAME|RENAMENX key key"},
    {10, "COPY key key *copy-option"},
    {6, "MOVE key database"},
    {5, "KEYS pattern", unordered},
    {5, "SCAN cursor *scan-option", scan},
    {3, "RANDOMKEY", member},
    {4, "DBSIZE", size},
    {1, "FLUSHDB ?flush-option"},
    {1, "FLUSHALL ?flush-option"},
    {4, "SWAPDB database database"},
    {8, "SELECT database"},
    // expiry
    {8, "EXPIRE key seconds *expire-option"},
    {8, "PEXPIRE key milliseconds *expire-option"},
    {8, "EXPIREAT key unix-seconds *expire-option"},
    {8, "PEXPIREAT key unix-milliseconds *expire-option"},
    {6, "TTL|EXPIRETIME key", seconds},
    {6, "PTTL|PEXPIRETIME key", milliseconds},
    {5, "PERSIST key"},
    // the rest
    {8, "OBJECT ENCODING key"},
    {2, "PING ?value"},
    {2, "ECHO value"},
    {1, "HELLO 2|3|4|junk", shape},
    {1, "RESET"},
    {1, "CLIENT SETNAME|GETNAME ?key"},
    {2, "COMMAND GETKEYS GET|MGET|MSET|DEL|SET|RENAME|COPY|JUNK *key"},
    {1, "PUBLISH key value"},
    {1, "PUBSUB NUMSUB|CHANNELS|NUMPAT *key"},
    {1, "CONFIG GET pattern-of-nothing"},
    {1, "CONFIG|CLIENT|OBJECT|PUBSUB|COMMAND junk ?key"},
    {2, "junk *key"},
});

constexpr auto named_rules = std::to_array<named_rule>({
    {"set-option", "NX / XX / GET / KEEPTTL / EX seconds / PX milliseconds / EXAT unix-seconds / "
                   "PXAT unix-milliseconds / NX / XX / GET / junk"},
    {"getex-option", "EX seconds / PX milliseconds / EXAT unix-seconds / PXAT unix-milliseconds / "
                     "PERSIST / KEEPTTL / junk"},
    {"copy-option", "REPLACE / DB database / REPLACE / DB database / junk"},
    {"scan-option", "MATCH pattern / COUNT count / TYPE type / junk"},
    {"expire-option", "NX / XX / GT / LT / junk"},
    {"flush-option", "SYNC / ASYNC / junk"},
    {"pair", "key value"},
});

constexpr auto keys = std::to_array<std::string_view>(
    {"a", "b", "c", "k:1", "k:2", "A", "0",
     // Not text, not short: what a client library or a table may mistake.
     "", std::string_view{"\0", 1}, std::string_view{"a\0b", 3}, "\xff\xfe", "line\r\nbreak",
     "{tag}x", "a key of more than forty-four bytes, that is, no small one"});

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

constexpr std::string_view word_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*";

} // namespace

std::uint64_t random_source::next() noexcept { // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void command_generator::append_to(std::vector<random_command>& stream) {
    static const int total = [] {
        int sum = 0;
        for (const command_rule& rule : commands)
            sum += rule.weight;
        return sum;
    }();
    if (random_.one_in(8)) connection_ = random_.below(connections_);
    int pick = static_cast<int>(random_.below(static_cast<std::size_t>(total)));
    const command_rule* rule = commands.data();
    while (pick >= rule->weight)
        pick -= rule++->weight;
    random_command command{connection_, {}, rule->compare};
    expand(rule->text, command.arguments);
    if (random_.one_in(20)) spoil(command.arguments);
    // What a cursor that was never given out leads to is any server's own affair.
    if (command.compare == scan && command.arguments.size() > 1 && command.arguments[1] != "0")
        command.compare = comparison::shape;
    stream.push_back(std::move(command));
}

void command_generator::expand(std::string_view rule, std::vector<std::string>& out) {
    while (!rule.empty()) {
        const std::size_t end = std::min(rule.find(' '), rule.size());
        if (end > 0) expand_word(rule.substr(0, end), out);
        rule.remove_prefix(std::min(end + 1, rule.size()));
    }
}

void command_generator::expand_word(std::string_view word, std::vector<std::string>& out) {
    if (word.size() > 1 && (word[0] == '?' || word[0] == '*' || word[0] == '+')) {
        std::size_t times = 0;
        switch (word[0]) {
        case '?': times = random_.below(2); break;
        case '*':
            // Mostly none or one: with more, nearly every command would be a syntax error.
            times = random_.one_in(3) ? random_.below(4) : random_.below(2);
            break;
        default: times = 1 + random_.below(4);
        }
        for (; times > 0; --times)
            expand_word(word.substr(1), out);
        return;
    }
    if (const auto choices = std::ranges::count(word, '|'); choices > 0) {
        for (std::size_t skip = random_.below(static_cast<std::size_t>(choices) + 1); skip > 0;
             --skip)
            word.remove_prefix(word.find('|') + 1);
        return expand_word(word.substr(0, word.find('|')), out);
    }
    const auto named = std::ranges::find(named_rules, word, &named_rule::name);
    if (named != named_rules.end()) {
        std::vector<std::string_view> alternatives;
        std::string_view rest = named->alternatives;
        for (std::size_t end = 0; end != rest.npos;) {
            end = rest.find(" / ");
            alternatives.push_back(rest.substr(0, end));
            if (end != rest.npos) rest.remove_prefix(end + 3);
        }
        return expand(alternatives[random_.below(alternatives.size())], out);
    }
    if (word.find_first_not_of(word_characters) == word.npos) {
        out.emplace_back(word);
        return;
    }
    out.push_back(terminal(word));
}

std::string command_generator::terminal(std::string_view name) {
    const auto one_of = [this](const auto& list) {
        return std::string{list[random_.below(list.size())]};
    };
    if (name == "key") return one_of(keys);
    if (name == "pattern") return one_of(patterns);
    if (name == "pattern-of-nothing") return "no-such-setting-" + one_of(integers);
    if (name == "type")
        return one_of(
            std::to_array<std::string_view>({"string", "STRING", "hash", "list", "zset"}));
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
    if (name == "value") {
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
        default: return one_of(keys);
        }
    }
    if (name == "junk") {
        if (random_.one_in(2)) return one_of(odd_integers);
        return one_of(std::to_array<std::string_view>(
            {"FOO", "foo bar", "NXX", "\r\n", "'", "\"", "\xc3\xa4", "x"}));
    }
    // Times from now are never the same twice, and seconds apart: which of two is later must not
    // hang on when a server came to it.
    const std::int64_t unique = 10'000 + 13 * ++times_given_;
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
    throw std::logic_error{"the grammar has no " + std::string{name}};
}

void command_generator::spoil(std::vector<std::string>& arguments) {
    const std::size_t at = random_.below(arguments.size());
    // What another cursor than 0 means is each server's own affair.
    if (arguments[0] == "SCAN" && at < 2) return;
    const auto position = arguments.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random_.below(5)) {
    case 0: arguments.insert(position + 1, terminal("junk")); break;
    case 1:
        // COMMAND alone lists what a server has.
        if (at > 0 && arguments[0] != "COMMAND") arguments.erase(position);
        break;
    case 2:
        if (at > 0) *position = terminal("junk");
        break;
    case 3: arguments.push_back(terminal("value")); break;
    default:
        for (char& c : arguments[0])
            if (random_.one_in(2))
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
}

} // namespace mini_redis::test
