"""What continuous integration needs beside the plan: annotations, the comment, the drift issue."""
