// What the codec costs: ns per request and per reply, parsed from and written to full buffers.
//
//   resp_bench [filter] [passes]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/number.hpp"
#include "resp/output_buffer.hpp"
#include "resp/reply_parser.hpp"
#include "resp/reply_writer.hpp"
#include "resp/request_parser.hpp"
#include "resp/request_writer.hpp"

using namespace mini_redis;

namespace {

constexpr std::size_t buffer_size = 64 * 1024;

volatile std::size_t sink; // what is computed for its time alone goes here

// As many copies of `unit` as a read buffer of a deep pipeline holds.
std::string pipeline_of(std::string_view unit) {
    std::string out;
    while (out.size() + unit.size() <= buffer_size)
        out += unit;
    return out;
}

std::string request_of(auto... words) {
    output_buffer out;
    write_request(out, words...);
    return std::string{out.view()};
}

struct bench {
    std::string_view filter;
    int passes;

    // `work` does a buffer's worth and returns how many operations that were; the best pass counts,
    // since whatever else the machine does only ever adds time.
    void run(const char* name, auto work) const {
        if (std::string_view{name}.find(filter) == std::string_view::npos) return;
        double best = std::numeric_limits<double>::infinity();
        for (int pass = 0; pass < passes; ++pass) {
            const auto begin = std::chrono::steady_clock::now();
            const std::size_t operations = work();
            const std::chrono::duration<double, std::nano> took =
                std::chrono::steady_clock::now() - begin;
            best = std::min(best, took.count() / static_cast<double>(operations));
        }
        std::printf("%-44s %8.1f ns\n", name, best);
    }

    void parse_requests(const char* name, const std::string& input) const {
        const protocol_limits limits;
        request_parser parser{limits};
        argument_list arguments;
        run(name, [&] {
            std::string_view rest = input;
            std::size_t count = 0;
            while (!rest.empty()) {
                if (parser.parse(rest, arguments) != request_parser::result::request) std::abort();
                sink = arguments.back().size();
                rest.remove_prefix(parser.consumed());
                ++count;
            }
            return count;
        });
    }

    // As reads come: the buffer ends somewhere inside a request, and every piece is parsed at once.
    void parse_cut_requests(const char* name, const std::string& input, std::size_t piece) const {
        const protocol_limits limits;
        request_parser parser{limits};
        argument_list arguments;
        run(name, [&] {
            std::size_t count = 0;
            std::size_t begin = 0;
            for (std::size_t end = 0; end < input.size();) {
                end = std::min(end + piece, input.size());
                while (parser.parse({input.data() + begin, end - begin}, arguments) ==
                       request_parser::result::request) {
                    begin += parser.consumed();
                    ++count;
                }
            }
            return count;
        });
    }

    void parse_replies(const char* name, const std::string& input) const {
        reply_parser parser;
        run(name, [&] {
            std::string_view rest = input;
            std::size_t count = 0;
            while (!rest.empty()) {
                if (parser.parse(rest) != reply_parser::result::reply) std::abort();
                const frame reply = parser.view(rest.data()).to_frame();
                sink = reply.text().size();
                rest.remove_prefix(parser.consumed());
                ++count;
            }
            return count;
        });
    }

    void write(const char* name, auto one) const {
        output_buffer out;
        run(name, [&] {
            out.clear();
            std::size_t count = 0;
            for (; out.size() < buffer_size; ++count)
                one(out);
            sink = out.size();
            return count;
        });
    }
};

} // namespace

int main(int argc, char** argv) {
    const bench bench{argc > 1 ? argv[1] : "", argc > 2 ? std::atoi(argv[2]) : 2000};
    const std::string key(16, 'k');
    const std::string value(32, 'v');
    const std::string set = pipeline_of(request_of("SET", key, value));
    const std::string get = pipeline_of(request_of("GET", key));

    bench.parse_requests("parse SET, 16-byte key, 32-byte value", set);
    bench.parse_requests("parse GET, 16-byte key", get);
    bench.parse_requests("parse PING", pipeline_of(request_of("PING")));
    bench.parse_requests("parse inline PING", pipeline_of("PING\r\n"));
    // Lengths that no branch predictor knows.
    bench.parse_requests("parse SET, GET and DEL of random sizes", [&] {
        std::minstd_rand random{1};
        output_buffer out;
        while (out.size() < 16 * buffer_size) {
            const std::string name(1 + random() % 120, 'k');
            switch (random() % 3) {
            case 0: write_request(out, "SET", name, std::string(random() % 300, 'v')); break;
            case 1: write_request(out, "GET", name); break;
            case 2: write_request(out, "DEL", name, key, name); break;
            }
        }
        return std::string{out.view()};
    }());
    bench.parse_requests("parse SET, 1000-byte value",
                         pipeline_of(request_of("SET", key, std::string(1000, 'v'))));
    bench.parse_requests("parse MSET of 100 pairs", [&] {
        std::vector<std::string_view> words{"MSET"};
        words.resize(201, key);
        output_buffer out;
        write_request(out, words);
        return pipeline_of(out.view());
    }());
    bench.parse_cut_requests("parse SET, in pieces of 16 KiB", set, 16 * 1024);
    bench.parse_cut_requests("parse SET, in pieces of 100 bytes", set, 100);

    bench.parse_replies("read frame +OK", pipeline_of("+OK\r\n"));
    bench.parse_replies("read frame :12345", pipeline_of(":12345\r\n"));
    bench.parse_replies("read frame $32",
                        pipeline_of(std::string{"$32\r\n"}.append(value).append("\r\n")));
    bench.parse_replies("read frame $3", pipeline_of("$3\r\nabc\r\n"));
    bench.parse_replies("read frame *10 of :1", pipeline_of([] {
                            std::string out = "*10\r\n";
                            for (int i = 0; i < 10; ++i)
                                out += ":1\r\n";
                            return out;
                        }()));

    bench.write("write request SET",
                [&](output_buffer& out) { write_request(out, "SET", key, value); });
    bench.write("write +OK", [](output_buffer& out) { reply_writer{out}.ok(); });
    bench.write("write $32", [&](output_buffer& out) { reply_writer{out}.bulk_string(value); });
    bench.write("write :12345", [](output_buffer& out) { reply_writer{out}.integer(12345); });
    bench.write("write double 3.14", [](output_buffer& out) { reply_writer{out}.real(3.14); });
}
