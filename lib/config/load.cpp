#include "lib/config/load.hpp"
