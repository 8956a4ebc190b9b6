// Serialized values: what is written is read back, and whatever else is read harms nobody.
#include "store/dump_format.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "store/byte_reader.hpp"
#include "store/crc64.hpp"
#include "store/lzf.hpp"
#include "support/catch.hpp"

using namespace mini_redis;
using namespace std::string_literals;

namespace {

std::vector<std::string> sample_texts() {
    std::vector<std::string> texts{"",
                                   "a",
                                   "01",
                                   "-0",
                                   std::string(63, 'x'),
                                   std::string(64, 'y'),
                                   std::string(4095, 'z'),
                                   std::string(4096, 'q'),
                                   std::string(20'000, 'r')};
    for (unsigned shift = 0; shift < 63; ++shift)
        for (const std::int64_t near : {-1, 0, 1}) {
            const std::int64_t value = (std::int64_t{1} << shift) + near;
            texts.push_back(std::to_string(value));
            texts.push_back(std::to_string(-value));
        }
    texts.push_back(std::to_string(std::numeric_limits<std::int64_t>::min()));
    texts.push_back(std::to_string(std::numeric_limits<std::int64_t>::max()));
    return texts;
}

std::string with_footer(std::string bytes) {
    append_little_endian(bytes, 9, 2);
    append_little_endian(bytes, crc64(bytes), 8);
    return bytes;
}

std::string dump_of_list(const std::vector<std::string>& texts) {
    list_dump_writer out;
    for (const std::string& text : texts)
        out.append(text);
    return out.finish();
}

// One of each form that the writer and its forerunners know.
std::vector<std::string> sample_dumps() {
    std::vector<std::string> dumps{dump_of_list(sample_texts())};
    dump_writer hash{dump_type::hash};
    hash.length(2);
    for (const std::string_view word : {"a", "1", "b", "70000"})
        hash.string(word);
    dumps.push_back(hash.finish());
    dump_writer zset{dump_type::zset};
    zset.length(1);
    zset.string("member");
    zset.score(-2.5);
    dumps.push_back(zset.finish());
    listpack_builder pairs;
    for (const std::string_view word : {"a", "1.5", "b", "inf", "c", "-70000"})
        pairs.append(word);
    const std::string block = pairs.finish();
    for (const dump_type type :
         {dump_type::hash_listpack, dump_type::zset_listpack, dump_type::set_listpack}) {
        dump_writer packed_form{type};
        packed_form.string(block);
        dumps.push_back(packed_form.finish());
    }
    dumps.push_back(with_footer("\x00\xc3\x06\x15\x01xx\xe0\n\x00"s)); // 21 times x, compressed
    dumps.push_back(with_footer("\x03\x02\x01"
                                "a\x03"
                                "1.5\x01"
                                "b\xfe"s));
    dumps.push_back(with_footer("\x09\x0f\x01\x03key\x05\x02value..\xff"s));
    dumps.push_back(with_footer("\x0b\x0c\x02\0\0\0\x02\0\0\0\xfe\xff\x05\0"s));
    dumps.push_back(with_footer("\x0a\x10\x10\0\0\0\x0c\0\0\0\x02\0\0\xf3\x02\xfe\x80\xff"s));
    dumps.push_back(with_footer("\x0e\x01\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\xf3\xff"s));
    return dumps;
}

} // namespace

TEST_CASE("a list of every kind of element comes back from its dump") {
    const std::string dump = dump_of_list(sample_texts());
    REQUIRE(has_right_footer(dump));
    const auto value = read_dump(dump);
    REQUIRE(value);
    CHECK(value->type == value_type::list);
    CHECK(value->elements == sample_texts());
}

TEST_CASE("a string of every kind comes back from its dump") {
    for (const std::string& text : sample_texts()) {
        dump_writer out{dump_type::string};
        out.string(text);
        const std::string dump = out.finish();
        REQUIRE(has_right_footer(dump));
        const auto value = read_dump(dump);
        REQUIRE(value);
        CHECK(value->text == text);
    }
}

TEST_CASE("earlier forms are read") {
    for (const std::string& dump : sample_dumps()) {
        CAPTURE(static_cast<int>(dump[0]));
        REQUIRE(has_right_footer(dump));
        const auto value = read_dump(dump);
        REQUIRE(value);
        CHECK((value->type == value_type::string) == value->elements.empty());
    }
    CHECK(read_dump(with_footer("\x00\xc3\x06\x15\x01xx\xe0\n\x00"s))->text ==
          std::string(21, 'x'));
}

TEST_CASE("a changed dump does not pass its checksum") {
    for (std::string dump : sample_dumps()) {
        dump[dump.size() / 2] = static_cast<char>(dump[dump.size() / 2] ^ 0x10);
        CHECK_FALSE(has_right_footer(dump));
    }
    CHECK_FALSE(has_right_footer(""));
    CHECK_FALSE(has_right_footer("\x0a"s + "123456789"));
}

TEST_CASE("damaged dumps are refused or read as something else, without harm") {
    std::mt19937 random{7};
    const std::vector<std::string> dumps = sample_dumps();
    for (int round = 0; round < 20'000; ++round) {
        std::string dump = dumps[random() % dumps.size()];
        if (dump.size() > 400) dump.erase(200, dump.size() - 400);
        for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
            const std::size_t at = random() % dump.size();
            switch (random() % 4) {
            case 0: dump[at] = static_cast<char>(random()); break;
            case 1: dump[at] = '\xff'; break;
            case 2: dump.erase(at, random() % 4 + 1); break;
            default: dump.insert(at, 1, static_cast<char>(random())); break;
            }
            if (dump.empty()) dump = "\x12";
        }
        const auto value = read_dump(dump);
        if (value && value->type == value_type::zset)
            CHECK(value->scores.size() == value->elements.size());
    }
}

TEST_CASE("what is compressed comes back") {
    std::mt19937 random{13};
    std::vector<std::string> texts{"", "a", "aa", "aaa", std::string(100'000, 'x')};
    for (int round = 0; round < 3'000; ++round) {
        const auto letters = random() % 4 == 0 ? 256 : random() % 6 + 1;
        std::string text;
        for (auto left = random() % (round % 100 == 0 ? 30'000 : 600); left > 0; --left) {
            if (random() % 8 == 0 &&
                text.size() > 1) { // a piece of what stands before, long or short
                const std::size_t from = random() % text.size();
                text += text.substr(from, random() % 400);
            }
            text.push_back(static_cast<char>(random() % letters));
        }
        texts.push_back(std::move(text));
    }
    for (const std::string& text : texts) {
        const auto compressed = lzf_compress(text, std::string::npos);
        REQUIRE(compressed);
        const auto back = lzf_decompress(*compressed, text.size());
        REQUIRE(back);
        REQUIRE(*back == text);
        CHECK(lzf_compress(text, compressed->size()));
        if (!text.empty()) CHECK_FALSE(lzf_compress(text, compressed->size() - 1));
    }
}

TEST_CASE("long strings are compressed in a dump, by as much as there is to gain") {
    const auto size_of = [](const std::string& text) {
        dump_writer out{dump_type::string};
        out.string(text);
        return out.finish().size() - 11; // the type, the version and the checksum
    };
    CHECK(size_of(std::string(20, 'x')) == 21);
    CHECK(size_of(std::string(21, 'x')) == 9); // what Redis makes of it, above
    CHECK(size_of(std::string(100'000, 'x')) < 1'200);
    std::string counted;
    for (char each = 0; each < 100; ++each)
        counted.push_back(each);
    CHECK(size_of(counted) == 102); // nothing in it comes twice
}

TEST_CASE("compressed bytes that are none are refused") {
    std::mt19937 random{11};
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (auto left = random() % 40; left > 0; --left)
            bytes.push_back(static_cast<char>(random() & 0xff));
        const std::size_t size = random() % 300;
        const auto text = lzf_decompress(bytes, size);
        if (text) CHECK(text->size() == size);
    }
    CHECK_FALSE(lzf_decompress("\x20", 3));
    CHECK_FALSE(lzf_decompress("\xe0\x01", 3));
}
