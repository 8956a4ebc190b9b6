// A Redis server inside the program: on a free port, with its keys at hand. This is how a test gets
// a server of its own, without a process to start or a port to agree on.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/server.hpp>
#include <string>

int main() {
    try {
        mini_redis::server_options options;
        options.port = 0; // any free one
        mini_redis::server server{options};
        server.start();

        // Over the network, like any client ...
        auto c = mini_redis::blocking_client::connect("127.0.0.1:" + std::to_string(server.port()));
        c.set("city", "Ulm");

        // ... and directly.
        std::cout << "the server has " << server.keys().size() << " key, and city is "
                  << server.keys().get("city").value_or("unknown") << '\n';
        server.keys().set("city", "Bern");
        std::cout << "the client now gets " << c.get("city").value_or("nothing") << '\n';
        server.stop();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
