// COMMAND INFO and COMMAND DOCS against a real redis-server's: what clients learn about a command
// from mini-redis is what they learn from Redis.
//
// Texts are our own, and the history of options is not told; everything else has to be equal, but
// for the exceptions that are named here with their reasons.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/raw_connection.hpp"
#include "support/redis_process.hpp"

using namespace mini_redis::test;

namespace {

// Arguments that mini-redis states otherwise.
// Commands that 7.2 has changed.
const std::set<std::string, std::less<>> newer{"zrank", "zrevrank"};

const std::set<std::string, std::less<>> other_arguments{
    "client|kill",             // Redis calls each of the alternative filters optional
    "command|getkeys",         // Redis states no arguments
    "command|getkeysandflags", // as above
    "config|get",              // Redis wraps the one argument in a block
    "module|loadex",           // our notation repeats a token together with what follows it
    "debug",                   // Redis states no arguments
    "sort",                    // Redis gives its patterns numbers of keys that nobody can know
    "sort_ro",                 // as sort
    "zrank",                   // has WITHSCORE since 7.2
    "zrevrank",                // as zrank
    "geohash",                 // needs no member; Redis says so since 7.2
    "geopos",                  // as geohash
    "pfmerge",                 // needs no source; Redis says so since 7.2
    "psubscribe",              // as config|get
};

// The fields of a map, or of the array that stands for it in RESP2.
std::map<std::string, wire_value> fields_of(const wire_value& map) {
    std::map<std::string, wire_value> fields;
    for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2)
        fields.emplace(map.elements[i].text, map.elements[i + 1]);
    return fields;
}

void remove_field(wire_value& map, std::string_view name) {
    for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
        if (map.elements[i].text != name) continue;
        const auto at = map.elements.begin() + static_cast<std::ptrdiff_t>(i);
        map.elements.erase(at, at + 2);
        return;
    }
}

// Without the subcommands, which come in any order and are compared by themselves, and without
// notes in prose.
wire_value comparable_info(wire_value info) {
    if (info.elements.size() != 10) return info;
    info.elements.pop_back();
    for (wire_value& key_spec : info.elements[8].elements)
        remove_field(key_spec, "notes");
    // A set's order says nothing, and Redis's tips come in an order of their own.
    std::sort(info.elements[7].elements.begin(), info.elements[7].elements.end(),
              [](const wire_value& a, const wire_value& b) { return a.text < b.text; });
    return info;
}

wire_value comparable_arguments(wire_value list) {
    for (wire_value& one : list.elements) {
        for (const char* const name : {"since", "deprecated_since", "summary", "display_text"})
            remove_field(one, name);
        for (std::size_t i = 0; i + 1 < one.elements.size(); i += 2)
            if (one.elements[i].text == "arguments")
                one.elements[i + 1] = comparable_arguments(one.elements[i + 1]);
    }
    return list;
}

} // namespace

TEST_CASE("COMMAND tells about each command what Redis tells") {
    if (!redis_process::find_reference_redis() || !redis_process::find_mini_redis_server()) {
        WARN("skipped: no redis-server 7.0, or no mini-redis-server");
        return;
    }
    const redis_process redis_server = redis_process::start_redis();
    const redis_process mini_redis_server = redis_process::start_mini_redis();
    raw_connection redis{redis_server.port()};
    raw_connection mini_redis{mini_redis_server.port()};

    const wire_value names = mini_redis.command({"COMMAND", "LIST"});
    CHECK(names.elements.size() > 90);
    int compared = 0;
    for (const wire_value& element : names.elements) {
        const std::string& name = element.text;
        INFO(name);
        const wire_value theirs = redis.command({"COMMAND", "INFO", name}).elements.at(0);
        if (theirs.null) continue; // younger than this redis-server
        ++compared;
        const wire_value ours = mini_redis.command({"COMMAND", "INFO", name}).elements.at(0);
        if (!newer.contains(name))
            CHECK(spell_line(comparable_info(ours)) == spell_line(comparable_info(theirs)));

        auto our_docs = fields_of(mini_redis.command({"COMMAND", "DOCS", name}).elements.at(1));
        auto their_docs = fields_of(redis.command({"COMMAND", "DOCS", name}).elements.at(1));
        CHECK(our_docs["since"].text == their_docs["since"].text);
        CHECK(our_docs["group"].text == their_docs["group"].text);
        CHECK(!our_docs["summary"].text.empty());
        CHECK(our_docs.contains("subcommands") == their_docs.contains("subcommands"));
        if (!other_arguments.contains(name))
            CHECK(spell_line(comparable_arguments(our_docs["arguments"])) ==
                  spell_line(comparable_arguments(their_docs["arguments"])));
    }
    CHECK(compared > 85);
}
