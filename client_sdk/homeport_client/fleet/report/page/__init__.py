"""The parts of the HTML page: what each section says and draws, its stylesheet and its script."""
