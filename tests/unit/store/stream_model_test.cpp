// Streams against a std::map that does the same: random entries appended, deleted and trimmed, with
// nodes of all sizes; and what is pending in a group against a plain map of ids.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/dump_format.hpp"
#include "store/id_map.hpp"
#include "store/stream_dump.hpp"
#include "store/stream_value.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

using mini_redis::compact_limits;
using mini_redis::id_map;
using mini_redis::is_sound_stream_node;
using mini_redis::no_value;
using mini_redis::stream_consumer;
using mini_redis::stream_entry;
using mini_redis::stream_group;
using mini_redis::stream_id;
using mini_redis::stream_node;
using mini_redis::stream_trim;
using mini_redis::stream_value;
using mini_redis::test::random_seed;
using mini_redis::test::random_source;

namespace {

using words = std::vector<std::string>;
using model = std::map<stream_id, words>;

std::vector<std::string_view> views_of(const words& texts) {
    return {texts.begin(), texts.end()};
}

std::pair<stream_id, words> read(const stream_entry& each) {
    words pairs;
    each.for_each([&](std::string_view field, std::string_view value) {
        pairs.emplace_back(field);
        pairs.emplace_back(value);
    });
    CHECK(pairs.size() == 2 * each.fields());
    return {each.id(), pairs};
}

std::vector<std::pair<stream_id, words>> range(const stream_value& stream, stream_id from,
                                               stream_id to) {
    std::vector<std::pair<stream_id, words>> all;
    stream.for_each(from, to, [&](const stream_entry& each) {
        all.push_back(read(each));
        return true;
    });
    std::vector<std::pair<stream_id, words>> backward;
    stream.for_each_backward(from, to, [&](const stream_entry& each) {
        backward.push_back(read(each));
        return true;
    });
    std::reverse(backward.begin(), backward.end());
    CHECK(backward == all);
    return all;
}

// How many nodes a radix tree of the ids has, by its definition: the root, and a node for each
// place where something ends or branches, and for the bytes between two such places.
std::size_t radix_nodes(const std::vector<std::string>& keys) {
    if (keys.empty()) return 1;
    std::set<std::string> places{""}; // prefixes at which a node begins
    const auto branches_at = [&](const std::string& prefix) {
        std::set<char> next;
        for (const std::string& key : keys)
            if (key.starts_with(prefix) && key.size() > prefix.size())
                next.insert(key[prefix.size()]);
        return next.size();
    };
    for (const std::string& key : keys)
        for (std::size_t i = 0; i <= key.size(); ++i) {
            const std::string prefix = key.substr(0, i);
            const bool end = i == key.size();
            const bool branch = !end && branches_at(prefix) > 1;
            const bool behind_branch = i > 0 && branches_at(key.substr(0, i - 1)) > 1;
            if (end || branch || behind_branch) places.insert(prefix);
        }
    return places.size();
}

std::string key_of(const stream_id& id) {
    std::string key;
    for (const std::uint64_t half : {id.ms, id.seq})
        for (int shift = 56; shift >= 0; shift -= 8)
            key.push_back(static_cast<char>(half >> shift));
    return key;
}

void check(const stream_value& stream, const model& wanted, random_source& random) {
    REQUIRE(stream.size() == wanted.size());
    CHECK(stream.first_id() == (wanted.empty() ? stream_id{} : wanted.begin()->first));
    CHECK(stream.last_entry_id().value_or(stream_id{}) ==
          (wanted.empty() ? stream_id{} : wanted.rbegin()->first));
    const std::uint64_t most = stream.last_id().ms + 2;
    const stream_id from{random.below(most), random.below(3)};
    const stream_id to{random.below(most), random.below(3)};
    const auto begin = wanted.lower_bound(from);
    const auto end = from > to ? begin : wanted.upper_bound(to);
    CHECK(range(stream, from, to) == std::vector<std::pair<stream_id, words>>(begin, end));
    for (const stream_node& node : stream.nodes())
        CHECK(is_sound_stream_node(node.id(), node.bytes()));
}

words random_pairs(random_source& random) {
    static const words values{
        "0",  "1",   "-1",    "127",        "128",  "-4096", "4095",
        "",   "007", "65535", "8388608",    "x",    "value", "-9223372036854775808",
        "-5", "1.5", "32768", "2147483648", "long", "abc"};
    words pairs;
    if (random.one_in(3)) { // mostly the same fields
        for (std::size_t left = 1 + random.below(4); left > 0; --left)
            pairs.insert(pairs.end(), {values[random.below(values.size())], "v"});
    } else {
        pairs = {"first", values[random.below(values.size())], "2",
                 std::string(random.one_in(20) ? random.below(20'000) : random.below(80), 'y')};
    }
    return pairs;
}

stream_trim random_trim(random_source& random, const stream_value& stream) {
    stream_trim how;
    how.approximate = random.one_in(2);
    if (how.approximate && random.one_in(3)) how.limit = 1 + static_cast<int>(random.below(20));
    if (random.one_in(2)) {
        how.strategy = stream_trim::what::above_length;
        how.length = stream.size() - random.below(std::min<std::size_t>(stream.size(), 40) + 1);
    } else {
        how.strategy = stream_trim::what::below_id;
        how.id = {stream.first_id().ms + random.below(10), random.below(3)};
    }
    return how;
}

void apply(const stream_trim& how, model& wanted) {
    if (how.strategy == stream_trim::what::above_length)
        while (wanted.size() > how.length)
            wanted.erase(wanted.begin());
    else
        wanted.erase(wanted.begin(), wanted.lower_bound(how.id));
}

} // namespace

TEST_CASE("random changes of a stream") {
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    for (int round = 0; round < 60; ++round) {
        compact_limits limits;
        limits.stream_entries = std::vector<int>{100, 1, 3, 0, 300}[random.below(5)];
        limits.stream_bytes = std::vector<int>{4096, 0, 100, 30'000}[random.below(4)];
        auto stream = std::make_unique<stream_value>();
        model wanted;
        std::uint64_t added = 0;
        for (int step = 0; step < 300; ++step) {
            const std::size_t what = random.below(20);
            if (what < 15) {
                stream_id id = stream->last_id();
                id = random.one_in(2) ? stream_id{id.ms + 1 + random.below(2), random.below(2)}
                                      : *id.next();
                const words pairs = random_pairs(random);
                stream->append(id, views_of(pairs), limits);
                wanted.emplace(id, pairs);
                ++added;
            } else if (what < 18) {
                const stream_id id{random.below(stream->last_id().ms + 2), random.below(3)};
                CHECK(stream->contains(id) == wanted.contains(id));
                CHECK(stream->erase(id) == (wanted.erase(id) != 0));
            } else if (what == 18 && !wanted.empty()) {
                const stream_trim how = random_trim(random, *stream);
                const std::size_t before = stream->size();
                const std::size_t taken = stream->trim(how);
                CHECK(before - stream->size() == taken);
                if (!how.approximate) {
                    apply(how, wanted);
                } else { // what it has taken is the beginning, and not more than was to go
                    model least = wanted;
                    apply(how, least);
                    CHECK(stream->size() >= least.size());
                    for (std::size_t i = 0; i < taken; ++i)
                        wanted.erase(wanted.begin());
                }
            } else if (random.one_in(10)) {
                const auto copy = stream->clone();
                stream.reset(static_cast<stream_value*>(copy->clone().release()));
            }
            check(*stream, wanted, random);
        }
        CHECK(stream->entries_added() == added);
        std::vector<std::string> keys;
        for (const stream_node& node : stream->nodes())
            keys.push_back(key_of(node.id()));
        CHECK(stream->radix_tree_nodes() == radix_nodes(keys));
    }
}

TEST_CASE("bytes that are no node of a stream are told from those that are") {
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    const compact_limits limits;
    for (int round = 0; round < 200; ++round) {
        stream_value stream;
        for (std::size_t left = 1 + random.below(20); left > 0; --left)
            stream.append(*stream.last_id().next(), views_of(random_pairs(random)), limits);
        const stream_node& node = stream.nodes().front();
        const std::string sound{node.bytes()};
        for (int change = 0; change < 50; ++change) {
            std::string bytes = sound;
            for (std::size_t left = 1 + random.below(2); left > 0; --left)
                bytes[random.below(bytes.size())] = static_cast<char>(random.bits());
            if (random.one_in(5)) bytes.resize(random.below(bytes.size()));
            // A copy of just that size, for sanitizers.
            const auto copy = std::make_unique<char[]>(bytes.size());
            std::copy(bytes.begin(), bytes.end(), copy.get());
            const std::string_view view{copy.get(), bytes.size()};
            if (!is_sound_stream_node(node.id(), view)) continue;
            stream_value other;
            REQUIRE(other.adopt({node.id(), view}));
            CHECK(range(other, stream_id::least(), stream_id::most()).size() == other.size());
            while (other.size() != 0)
                REQUIRE(other.erase(other.first_id()));
        }
    }
}

TEST_CASE("damaged dumps of a stream with a group are refused or read as another, without harm") {
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    const compact_limits limits;
    stream_value stream;
    for (int i = 0; i < 5; ++i)
        stream.append(*stream.last_id().next(), std::array<std::string_view, 2>{"f", "v"}, limits);
    stream_group& group = *stream.add_group("g");
    stream.for_each(stream_id::least(), stream_id::most(), [&](const stream_entry& each) {
        stream_consumer* owner = group.find_consumer(random.one_in(2) ? "a" : "b");
        if (owner == nullptr) owner = &group.add_consumer("a", 1);
        group.deliver(each.id(), *owner);
        if (group.find_consumer("b") == nullptr) group.add_consumer("b", 2);
        return true;
    });
    const std::string sound = mini_redis::dump_stream(stream);
    REQUIRE(mini_redis::has_right_footer(sound));
    const auto same = mini_redis::read_dump(sound);
    REQUIRE(same);
    CHECK(mini_redis::dump_stream(static_cast<stream_value&>(*same->object)) == sound);
    int read_again = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string dump = sound;
        for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) {
            const std::size_t at = 1 + random.below(dump.size() - 1);
            if (random.one_in(4))
                dump.erase(at, 1 + random.below(3));
            else
                dump[at] = static_cast<char>(random.bits());
        }
        const auto value = mini_redis::read_dump(dump);
        if (!value || value->type != mini_redis::value_type::stream) continue;
        ++read_again;
        const auto& other = static_cast<stream_value&>(*value->object);
        CHECK(range(other, stream_id::least(), stream_id::most()).size() == other.size());
        other.clone();
    }
    CHECK(read_again > 0); // what only ends in another checksum, say
}

TEST_CASE("a map of ids holds what a std::map holds") {
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    for (int round = 0; round < 20; ++round) {
        id_map<int> map;
        std::map<stream_id, int> wanted;
        std::uint64_t next = 0;
        const std::size_t spread = 1 + random.below(3'000);
        for (int step = 0; step < 3'000; ++step) {
            const bool in_order = random.one_in(2);
            const stream_id id{in_order ? ++next : random.below(spread), 0};
            if (random.below(100) < (round % 2 == 0 ? 60u : 45u)) {
                if (map.find(id) == nullptr) CHECK(map.insert(id, step)->value == step);
                wanted.emplace(id, step);
            } else {
                CHECK(map.erase(id) == (wanted.erase(id) != 0));
            }
            REQUIRE(map.size() == wanted.size());
            const auto behind = wanted.lower_bound(id);
            const auto* const found = map.at_or_after(id);
            REQUIRE((found == nullptr) == (behind == wanted.end()));
            if (found != nullptr) CHECK(found->id == behind->first);
        }
        std::vector<std::pair<stream_id, int>> all;
        map.for_each_from(stream_id::least(), [&](const auto& item) {
            all.emplace_back(item.id, item.value);
            return true;
        });
        CHECK(all == std::vector<std::pair<stream_id, int>>(wanted.begin(), wanted.end()));
    }
}

TEST_CASE("what is pending in a group is pending for one of its consumers") {
    const std::uint64_t seed = random_seed();
    INFO("seed " << seed);
    random_source random{seed};
    auto group = std::make_unique<stream_group>();
    std::map<stream_id, std::string> wanted;
    for (int step = 0; step < 5'000; ++step) {
        const std::string name(1, static_cast<char>('a' + random.below(4)));
        const stream_id id{random.below(600), 0};
        if (random.one_in(2)) {
            stream_consumer* consumer = group->find_consumer(name);
            if (consumer == nullptr) consumer = &group->add_consumer(name, step);
            group->deliver(id, *consumer);
            wanted[id] = name;
        } else if (random.one_in(200)) {
            if (stream_consumer* const consumer = group->find_consumer(name))
                group->erase_consumer(*consumer);
            std::erase_if(wanted, [&](const auto& each) { return each.second == name; });
        } else if (random.one_in(100)) {
            group = std::make_unique<stream_group>(*group);
        } else {
            CHECK(group->acknowledge(id) == (wanted.erase(id) != 0));
        }
        REQUIRE(group->pending().size() == wanted.size());
    }
    std::map<stream_id, std::string> held;
    for (const auto& [name, consumer] : group->consumers())
        consumer.pending.for_each_from(stream_id::least(), [&](const auto& item) {
            CHECK(held.emplace(item.id, name).second);
            CHECK(group->find_pending(item.id)->owner == &consumer);
            CHECK(consumer.name == name);
            return true;
        });
    CHECK(held == wanted);
}
