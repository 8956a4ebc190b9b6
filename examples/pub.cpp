// Publishes one message, with the client for plain threads: no loop, no coroutine.
//
//   pub channel message [host:port]
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/blocking_client.hpp>

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: pub channel message [host:port]\n";
        return EXIT_FAILURE;
    }
    try {
        auto c = mini_redis::blocking_client::connect(argc > 3 ? argv[3] : "127.0.0.1:6379");
        std::cout << c.publish(argv[1], argv[2]) << " received it\n";
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
